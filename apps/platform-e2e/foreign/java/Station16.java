import eu.chargetime.ocpp.ClientEvents;
import eu.chargetime.ocpp.IClientAPI;
import eu.chargetime.ocpp.JSONClient;
import eu.chargetime.ocpp.JSONConfiguration;
import eu.chargetime.ocpp.SOAPClient;
import eu.chargetime.ocpp.feature.profile.ClientCoreEventHandler;
import eu.chargetime.ocpp.feature.profile.ClientCoreProfile;
import eu.chargetime.ocpp.model.Confirmation;
import eu.chargetime.ocpp.model.Request;
import eu.chargetime.ocpp.model.core.*;
import java.net.ServerSocket;
import java.net.URL;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * An OCPP 1.6 station of Maven's {@code eu.chargetime.ocpp:v1_6}, over SOAP or JSON: charges 1.25 kWh and more until it is stopped from remote,
 * then tells what it delivered.
 *
 * <p>usage: Station16 soap|json URL STATION_ID PASSWORD ID_TAG; over SOAP the credentials stand in the URL
 */
public class Station16 {
  private static final int METER_START_WH = 4_000;

  private final CountDownLatch stopped = new CountDownLatch(1);
  private volatile int transactionId;
  private final ClientCoreProfile core = new ClientCoreProfile(new Commands());
  private final IClientAPI client;

  private Station16(String transport, String stationId, String password) throws Exception {
    if (transport.equals("soap")) {
      client = new SOAPClient(stationId, new URL("http://127.0.0.1:" + freePort() + "/"), core);
    } else {
      JSONConfiguration credentials = JSONConfiguration.get()
          .setParameter(JSONConfiguration.USERNAME_PARAMETER, stationId)
          .setParameter(JSONConfiguration.PASSWORD_PARAMETER, password);
      client = new JSONClient(core, stationId, credentials);
    }
  }

  public static void main(String[] args) throws Exception {
    Station16 station = new Station16(args[0], args[2], args[3]);
    station.client.connect(args[1], new ClientEvents() {
      public void connectionOpened() {}

      public void connectionClosed() {}
    });
    String told = station.charge(args[4]);
    System.out.println(told);
    // The library does not say when its answer to a command was written.
    Thread.sleep(2_000);
    System.exit(0);
  }

  private String charge(String idTag) throws Exception {
    BootNotificationConfirmation boot = ask(core.createBootNotificationRequest("Maven", "ChargeTime"));
    check(boot.getStatus() == RegistrationStatus.Accepted, boot);
    ask(core.createStatusNotificationRequest(1, ChargePointErrorCode.NoError, ChargePointStatus.Preparing));
    HeartbeatConfirmation beat = ask(core.createHeartbeatRequest());
    check(beat.getCurrentTime() != null, beat);
    AuthorizeConfirmation authorized = ask(core.createAuthorizeRequest(idTag));
    check(authorized.getIdTagInfo().getStatus() == AuthorizationStatus.Accepted, authorized);
    StartTransactionConfirmation started = ask(core.createStartTransactionRequest(1, idTag, METER_START_WH, now()));
    check(started.getIdTagInfo().getStatus() == AuthorizationStatus.Accepted, started);
    transactionId = started.getTransactionId();
    int register = METER_START_WH;
    for (int i = 0; i < 5; i++) {
      register += 250;
      MeterValuesRequest values = core.createMeterValuesRequest(1, now(), new SampledValue(String.valueOf(register)));
      values.setTransactionId(transactionId);
      ask(values);
    }
    check(stopped.await(45, TimeUnit.SECONDS), "nobody stopped it");
    register += 13;
    StopTransactionRequest stop = core.createStopTransactionRequest(register, now(), transactionId);
    stop.setReason(Reason.Remote);
    stop.setIdTag(idTag);
    ask(stop);
    ask(core.createStatusNotificationRequest(1, ChargePointErrorCode.NoError, ChargePointStatus.Available));
    return "{\"transactionId\":\"" + transactionId + "\",\"energyWh\":" + (register - METER_START_WH) + "}";
  }

  @SuppressWarnings("unchecked")
  private <C extends Confirmation> C ask(Request request) throws Exception {
    return (C) client.send(request).toCompletableFuture().get(30, TimeUnit.SECONDS);
  }

  private static ZonedDateTime now() {
    return ZonedDateTime.now(ZoneOffset.UTC);
  }

  private static void check(boolean holds, Object what) {
    if (!holds) throw new IllegalStateException(String.valueOf(what));
  }

  private static int freePort() throws Exception {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private class Commands implements ClientCoreEventHandler {
    public RemoteStopTransactionConfirmation handleRemoteStopTransactionRequest(RemoteStopTransactionRequest request) {
      boolean mine = request.getTransactionId() == transactionId;
      // As a station does: it answers first and stops then.
      if (mine) CompletableFuture.delayedExecutor(500, TimeUnit.MILLISECONDS).execute(stopped::countDown);
      return new RemoteStopTransactionConfirmation(mine ? RemoteStartStopStatus.Accepted : RemoteStartStopStatus.Rejected);
    }

    public ChangeAvailabilityConfirmation handleChangeAvailabilityRequest(ChangeAvailabilityRequest request) {
      return new ChangeAvailabilityConfirmation(AvailabilityStatus.Rejected);
    }

    public GetConfigurationConfirmation handleGetConfigurationRequest(GetConfigurationRequest request) {
      return new GetConfigurationConfirmation();
    }

    public ChangeConfigurationConfirmation handleChangeConfigurationRequest(ChangeConfigurationRequest request) {
      return new ChangeConfigurationConfirmation(ConfigurationStatus.Rejected);
    }

    public ClearCacheConfirmation handleClearCacheRequest(ClearCacheRequest request) {
      return new ClearCacheConfirmation(ClearCacheStatus.Rejected);
    }

    public DataTransferConfirmation handleDataTransferRequest(DataTransferRequest request) {
      return new DataTransferConfirmation(DataTransferStatus.Rejected);
    }

    public RemoteStartTransactionConfirmation handleRemoteStartTransactionRequest(RemoteStartTransactionRequest request) {
      return new RemoteStartTransactionConfirmation(RemoteStartStopStatus.Rejected);
    }

    public ResetConfirmation handleResetRequest(ResetRequest request) {
      return new ResetConfirmation(ResetStatus.Accepted);
    }

    public UnlockConnectorConfirmation handleUnlockConnectorRequest(UnlockConnectorRequest request) {
      return new UnlockConnectorConfirmation(UnlockStatus.NotSupported);
    }
  }
}
