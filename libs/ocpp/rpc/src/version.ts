/** The WebSocket subprotocol names, which OCPP registers as the names of its versions. Source: OCPP-J 1.6 §3.2, OCPP 2.1 Part 4 §3.2. */
export type OcppVersion = 'ocpp1.6' | 'ocpp2.0.1' | 'ocpp2.1';

/** The two ends of an OCPP connection. */
export type Peer = 'station' | 'csms';
