import { createHash } from 'node:crypto';
import { TestCar } from '@voltlog/iso15118';
import { isObject, type Payload, textAt } from '../station/protocol.js';
import type { SimulatedStation } from '../station/station.js';
import { newKeyAndRequest } from '../station/station-security.js';
import { hashDataOf } from './certificate-hash.js';
import type { CsmsApi } from './csms-api.js';
import type { PlugAndChargeStep } from './steps.js';

/** Whose messages carry it in 1.6. Source: OCA Application Note "Using ISO 15118 Plug & Charge with OCPP 1.6" */
const PNC_VENDOR = 'org.openchargealliance.iso15118pnc';
const SCHEMA = 'urn:iso:15118:2:2013:MsgDef';
/** Nobody is asked there: the CSMS knows its own certificates. */
const NOWHERE = 'http://ocsp.invalid/';

/** A car of the CSMS's test PKI at a station: it gets a contract certificate, and charges with it. */
export class PlugAndChargeSteps {
  private car: TestCar | undefined;

  constructor(
    private readonly station: SimulatedStation,
    private readonly api: CsmsApi,
  ) {}

  /** @throws {Error} when the CSMS says otherwise than expected */
  async perform(step: PlugAndChargeStep, ms: number): Promise<void> {
    switch (step.do) {
      case 'giveContract':
        return this.give(ms);
      case 'updateContract':
        return this.install('Update', this.known().updateRequest());
      case 'plugAndCharge':
        return this.charge(step);
      case 'revokeContract': {
        const [certificate] = this.known().contract?.chain ?? [];
        const serial = certificate?.serialNumber.toLowerCase().replace(/^0+/, '') ?? '';
        await this.api.call('POST', `/v1/plug-and-charge/contract-certificates/${serial}/revoke`, undefined, ms);
        return;
      }
    }
  }

  /** The maker gives it its provisioning certificate and the operator its contract; at the station it gets the certificate of that. */
  private async give(ms: number): Promise<void> {
    const id = createHash('sha256').update(this.station.id).digest('hex').slice(0, 8).toUpperCase();
    const [pcid, emaid] = [`SIM${id}`, `DEVLTC${id}`];
    const { key, csr } = await newKeyAndRequest([{ CN: [pcid] }]);
    const car = new TestCar(pcid, key);
    const made = await this.api.call('PUT', `/v1/plug-and-charge/test-vehicles/${pcid}`, { emaid, csr }, ms);
    car.provisioned(textAt(made, 'provisioningCertificateChain') ?? '');
    await this.api.call('PUT', `/v1/tokens/${emaid}`, { type: 'eMAID' }, ms);
    this.car = car;
    await this.install('Install', car.installationRequest());
  }

  private async install(action: 'Install' | 'Update', exiRequest: string): Promise<void> {
    const answer = await this.ask('Get15118EVCertificate', { iso15118SchemaVersion: SCHEMA, action, exiRequest });
    if (textAt(answer, 'status') !== 'Accepted') throw new Error(`the car gets no contract certificate: ${JSON.stringify(answer)}`);
    this.known().install(textAt(answer, 'exiResponse') ?? '');
  }

  private async charge({ evse = 1, by, certificateStatus }: Extract<PlugAndChargeStep, { do: 'plugAndCharge' }>): Promise<void> {
    const { contract } = this.known();
    const [certificate, issuer] = contract?.chain ?? [];
    if (contract === undefined || certificate === undefined || issuer === undefined) throw new Error('the car has no contract');
    const shown =
      by === 'chain'
        ? { certificate: contract.chain.map(String).join('') }
        : { iso15118CertificateHashData: [{ ...hashDataOf(certificate, issuer), responderURL: NOWHERE }] };
    const answer = await this.ask('Authorize', { idToken: { idToken: contract.emaid, type: 'eMAID' }, ...shown });
    const said = textAt(answer, 'certificateStatus');
    if (said !== certificateStatus) throw new Error(`expected the certificateStatus ${certificateStatus}, got ${JSON.stringify(answer)}`);
    if (said !== 'Accepted') return;
    if (textAt(answer, 'idTokenInfo', 'status') !== 'Accepted') throw new Error(`the contract is not accepted: ${JSON.stringify(answer)}`);
    if (this.station.swipe(evse, contract.emaid) === undefined) throw new Error('the connector is held for somebody else');
  }

  /** 1.6 has the same messages within a DataTransfer. */
  private async ask(action: string, payload: Payload): Promise<Payload> {
    const { station } = this;
    if (station.version !== '1.6') return answerTo(action, await station.call(action, payload));
    const carried = { vendorId: PNC_VENDOR, messageId: action, data: JSON.stringify(payload) };
    const within: unknown = JSON.parse(textAt(answerTo(action, await station.call('DataTransfer', carried)), 'data') ?? 'null');
    if (!isObject(within)) throw new Error(`${action} by DataTransfer was not answered with an object`);
    return within;
  }

  private known(): TestCar {
    if (this.car === undefined) throw new Error('no car was given a contract');
    return this.car;
  }
}

function answerTo(action: string, answer: Awaited<ReturnType<SimulatedStation['call']>>): Payload {
  if (answer.kind !== 'result') throw new Error(`${action} was answered ${JSON.stringify(answer)}`);
  return answer.payload;
}
