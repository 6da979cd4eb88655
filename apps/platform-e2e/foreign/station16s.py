"""An OCPP 1.6 station over SOAP, made by the PyPI package `zeep` from the official WSDLs: charges 1.25 kWh and more until it is stopped from
remote, then tells what it delivered. Every body that it gets is checked against the schemas of the WSDLs.

usage: station16s.py URL STATION_ID PASSWORD ID_TAG JAR_WITH_WSDLS
"""

import json
import sys
import tempfile
import threading
import zipfile
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import zeep
from lxml import etree
from requests import Session
from zeep.transports import Transport

CS = "urn://Ocpp/Cs/2015/10/"
CP = "urn://Ocpp/Cp/2015/10/"
WSA = "http://www.w3.org/2005/08/addressing"
SOAP = "http://www.w3.org/2003/05/soap-envelope"
METER_START_WH = 4_000


def now():
    return datetime.now(timezone.utc)


def schema_of(wsdl):
    schema = etree.parse(wsdl).find(".//{http://www.w3.org/2001/XMLSchema}schema")
    return etree.XMLSchema(etree.fromstring(etree.tostring(schema)))


def body_of(envelope):
    return envelope.find(f"{{{SOAP}}}Body")[0]


class Checking(Transport):
    """Checks what the Central System answers."""

    def __init__(self, schema, **more):
        super().__init__(**more)
        self.schema = schema

    def post(self, address, message, headers):
        response = super().post(address, message, headers)
        envelope = etree.fromstring(response.content)
        body = body_of(envelope)
        if body.tag != f"{{{SOAP}}}Fault":
            self.schema.assertValid(body)
        sent = etree.fromstring(message).findtext(f"{{{SOAP}}}Header/{{{WSA}}}MessageID")
        assert envelope.findtext(f"{{{SOAP}}}Header/{{{WSA}}}RelatesTo") == sent, response.content
        return response


class Station:
    def __init__(self, url, station_id, password, folder):
        session = Session()
        session.auth = (station_id, password)
        transport = Checking(schema_of(f"{folder}/OCPP_CentralSystemService_1.6.wsdl"), session=session, timeout=30)
        central = zeep.Client(f"{folder}/OCPP_CentralSystemService_1.6.wsdl", transport=transport)
        self.central = central.create_service(f"{{{CS}}}CentralSystemServiceSoap", url)
        self.types = central.type_factory(CS)
        self.point = zeep.Client(f"{folder}/OCPP_ChargePointService_1.6.wsdl")
        self.point_schema = schema_of(f"{folder}/OCPP_ChargePointService_1.6.wsdl")
        self.identity = station_id
        self.transaction_id = None
        self.stopped = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def headers(self):
        identity = etree.Element(f"{{{CS}}}chargeBoxIdentity", {f"{{{SOAP}}}mustUnderstand": "true"})
        identity.text = self.identity
        sender = etree.Element(f"{{{WSA}}}From")
        etree.SubElement(sender, f"{{{WSA}}}Address").text = f"http://127.0.0.1:{self.server.server_port}/ChargePointService"
        return [identity, sender]

    def call(self, operation, **fields):
        return getattr(self.central, operation)(**fields, _soapheaders=self.headers())

    def served(self, envelope):
        """A request of the Central System. Returns the body of the answer."""
        body = body_of(envelope)
        self.point_schema.assertValid(body)
        name = etree.QName(body).localname
        header = envelope.find(f"{{{SOAP}}}Header")
        assert header.findtext(f"{{{CP}}}chargeBoxIdentity") == self.identity
        assert header.findtext(f"{{{WSA}}}Action").lower() == "/" + name.removesuffix("Request").lower()
        request = self.point.get_element(f"{{{CP}}}{name}").parse(body, self.point.wsdl.types)
        if name == "remoteStopTransactionRequest":
            mine = request.transactionId == self.transaction_id
            if mine:
                threading.Timer(0.1, self.stopped.set).start()
            return self.answer("remoteStopTransactionResponse", status="Accepted" if mine else "Rejected")
        if name == "getConfigurationRequest":
            keys = [{"key": "HeartbeatInterval", "readonly": False, "value": "300"}]
            unknown = [key for key in request.key or [] if key != "HeartbeatInterval"]
            return self.answer("getConfigurationResponse", configurationKey=keys, unknownKey=unknown)
        return None

    def answer(self, name, **fields):
        parent = etree.Element("parent")
        element = self.point.get_element(f"{{{CP}}}{name}")
        element.render(parent, element(**fields))
        return parent[0]

    def charge(self, id_tag):
        boot = self.call("BootNotification", chargePointVendor="PyPI", chargePointModel="Zeep")
        assert boot.status == "Accepted", boot
        assert abs((now() - boot.currentTime).total_seconds()) < 60, boot
        self.call("StatusNotification", connectorId=1, status="Preparing", errorCode="NoError", timestamp=now())
        assert self.call("Heartbeat").tzinfo is not None
        authorized = self.call("Authorize", idTag=id_tag)
        assert authorized.status == "Accepted", authorized
        started = self.call("StartTransaction", connectorId=1, idTag=id_tag, timestamp=now(), meterStart=METER_START_WH)
        assert started.idTagInfo.status == "Accepted", started
        self.transaction_id = started.transactionId
        register = METER_START_WH
        for _ in range(5):
            register += 250
            value = self.types.MeterValue(timestamp=now(), sampledValue=[self.types.SampledValue(value=str(register))])
            self.call("MeterValues", connectorId=1, transactionId=self.transaction_id, meterValue=[value])
        assert self.stopped.wait(45), "nobody stopped it"
        register += 13
        self.call(
            "StopTransaction",
            transactionId=self.transaction_id,
            idTag=id_tag,
            timestamp=now(),
            meterStop=register,
            reason="Remote",
        )
        self.call("StatusNotification", connectorId=1, status="Available", errorCode="NoError", timestamp=now())
        return {"transactionId": str(self.transaction_id), "energyWh": register - METER_START_WH}

    def refused(self):
        """What a wrong request is answered with."""
        faults = {}
        try:
            self.call("Authorize", idTag="x" * 21)
        except zeep.exceptions.Fault as fault:
            faults["tooLong"] = [code.localname for code in fault.subcodes]
        self.identity = "nobody"
        try:
            self.call("Heartbeat")
        except zeep.exceptions.Fault as fault:
            faults["foreign"] = [code.localname for code in fault.subcodes]
        return faults


def handler_of(station):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            envelope = etree.fromstring(self.rfile.read(int(self.headers["Content-Length"])))
            body = station.served(envelope)
            answer = etree.Element(f"{{{SOAP}}}Envelope")
            header = etree.SubElement(answer, f"{{{SOAP}}}Header")
            message_id = envelope.findtext(f"{{{SOAP}}}Header/{{{WSA}}}MessageID")
            etree.SubElement(header, f"{{{WSA}}}RelatesTo").text = message_id
            etree.SubElement(answer, f"{{{SOAP}}}Body").append(body)
            content = etree.tostring(answer)
            self.send_response(200)
            self.send_header("Content-Type", "application/soap+xml; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    return Handler


def main(url, station_id, password, id_tag, jar):
    with zipfile.ZipFile(jar) as archive, tempfile.TemporaryDirectory() as folder:
        for name in archive.namelist():
            if name.endswith(".wsdl"):
                with open(f"{folder}/{name.rsplit('/', 1)[-1]}", "wb") as file:
                    file.write(archive.read(name))
        station = Station(url, station_id, password, folder)
    charged = station.charge(id_tag)
    print(json.dumps({**charged, "faults": station.refused()}), flush=True)


main(*sys.argv[1:])
