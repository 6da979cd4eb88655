"""A car of the PyPI package `iso15118` at a station: it gets its contract certificate in EXI, renews it, and charges with it.

usage: car.py 1.6|2.0.1 URL STATION_ID PASSWORD FOLDER
FOLDER has car.key and car.pem (its own certificate first) from its maker, and v2g.pem, the root it trusts. The package's EXI codec is Java.
"""

import asyncio
import base64
import json
import sys
from pathlib import Path

import websockets
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from iso15118.shared.exi_codec import EXI
from iso15118.shared.exificient_exi_codec import ExificientEXICodec
from iso15118.shared.messages.enums import Namespace
from iso15118.shared.messages.iso15118_2.body import Body, CertificateInstallationReq
from iso15118.shared.messages.iso15118_2.datatypes import RootCertificateIDList
from iso15118.shared.messages.iso15118_2.header import MessageHeader
from iso15118.shared.messages.iso15118_2.msgdef import V2GMessage
from iso15118.shared.messages.xmldsig import X509IssuerSerial
from iso15118.shared.security import create_signature, decrypt_priv_key, to_ec_pub_key, verify_signature
from iso15118.shared.settings import SettingKey, shared_settings

VERSION, URL, STATION, PASSWORD, FOLDER = sys.argv[1:6]
SCHEMA = Namespace.ISO_V2_MSG_DEF
shared_settings[SettingKey.MESSAGE_LOG_JSON] = False
shared_settings[SettingKey.MESSAGE_LOG_EXI] = False
EXI().set_exi_codec(ExificientEXICodec())


def read(name):
    return (Path(FOLDER) / name).read_bytes()


def der(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


class Station:
    def __init__(self, socket):
        self.socket = socket
        self.count = 0

    async def call(self, action, payload):
        self.count += 1
        await self.socket.send(json.dumps([2, str(self.count), action, payload]))
        while True:
            frame = json.loads(await self.socket.recv())
            if frame[0] != 2 and frame[1] == str(self.count):
                return frame[2]

    async def ask(self, action, payload):
        """1.6 has the same messages within a DataTransfer."""
        if VERSION != "1.6":
            return await self.call(action, payload)
        carried = {"vendorId": "org.openchargealliance.iso15118pnc", "messageId": action, "data": json.dumps(payload)}
        return json.loads((await self.call("DataTransfer", carried))["data"])


def request(certificate, key, root):
    roots = [X509IssuerSerial(x509_issuer_name=root.subject.rfc4514_string(), x509_serial_number=root.serial_number)]
    body = CertificateInstallationReq(
        id="id1", oem_provisioning_cert=der(certificate), list_of_root_cert_ids=RootCertificateIDList(RootCertificateID=roots)
    )
    signature = create_signature([("id1", EXI().to_exi(body, SCHEMA))], key)
    message = V2GMessage(
        header=MessageHeader(session_id="A1B2C3D4E5F60718", signature=signature), body=Body(certificate_installation_req=body)
    )
    return base64.b64encode(EXI().to_exi(message, SCHEMA)).decode()


def install(exi, key, root):
    """Checks the answer as the package's own car does; the key of the contract."""
    message = EXI().from_exi(base64.b64decode(exi), SCHEMA)
    answer = message.body.certificate_installation_res
    signed = (answer.contract_cert_chain, answer.encrypted_private_key, answer.dh_public_key, answer.emaid)
    provisioning = answer.cps_cert_chain
    good = verify_signature(
        message.header.signature,
        [(each.id, EXI().to_exi(each, SCHEMA)) for each in signed],
        provisioning.certificate,
        provisioning.sub_certificates.certificates,
        der(root),
    )
    scalar = decrypt_priv_key(answer.encrypted_private_key.value, key, to_ec_pub_key(answer.dh_public_key.value))
    contract = x509.load_der_x509_certificate(answer.contract_cert_chain.certificate)
    public = ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256R1()).public_key()
    issuer = x509.load_der_x509_certificate(answer.contract_cert_chain.sub_certificates.certificates[0])
    return {
        "sessionId": message.header.session_id,
        "responseCode": answer.response_code,
        "isSigned": good,
        "hasKey": public.public_numbers() == contract.public_key().public_numbers(),
        "emaid": answer.emaid.value,
    }, contract, issuer


def hash_data(certificate, issuer):
    def digest(content):
        calculated = hashes.Hash(hashes.SHA256())
        calculated.update(content)
        return calculated.finalize().hex()

    point = issuer.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return {
        "hashAlgorithm": "SHA256",
        "issuerNameHash": digest(certificate.issuer.public_bytes()),
        "issuerKeyHash": digest(point),
        "serialNumber": format(certificate.serial_number, "x"),
        "responderURL": "http://ocsp.invalid/",
    }


async def main():
    key = serialization.load_pem_private_key(read("car.key"), None)
    root = x509.load_pem_x509_certificate(read("v2g.pem"))
    credentials = base64.b64encode(f"{STATION}:{PASSWORD}".encode()).decode()
    async with websockets.connect(
        f"{URL}/{STATION}",
        subprotocols=[f"ocpp{VERSION}"],
        additional_headers={"Authorization": f"Basic {credentials}"},
    ) as socket:
        station = Station(socket)
        asked = {"iso15118SchemaVersion": SCHEMA.value, "action": "Install"}
        exi = request(x509.load_pem_x509_certificate(read("car.pem")), key, root)
        answer = await station.ask("Get15118EVCertificate", {**asked, "exiRequest": exi})
        if answer["status"] != "Accepted":
            raise SystemExit(json.dumps(answer))
        installed, contract, issuer = install(answer["exiResponse"], key, root)
        # Signed with another key than its own.
        lying = request(x509.load_pem_x509_certificate(read("car.pem")), ec.generate_private_key(ec.SECP256R1()), root)
        refused = await station.ask("Get15118EVCertificate", {**asked, "exiRequest": lying})
        shown = {
            "idToken": {"idToken": installed["emaid"], "type": "eMAID"},
            "iso15118CertificateHashData": [hash_data(contract, issuer)],
        }
        authorized = await station.ask("Authorize", shown)
    print(json.dumps({"installed": installed, "refused": refused, "authorized": authorized}), flush=True)


asyncio.run(main())
