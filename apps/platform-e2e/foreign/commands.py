"""A station of the PyPI package `ocpp` that takes commands, reports what they ask for, and tells at the end what it understood.

usage: commands.py 1.6|2.0.1|2.1 URL STATION_ID PASSWORD
It ends once it is reset.
"""

import asyncio
import base64
import json
import sys
from datetime import datetime, timezone

import websockets
from ocpp.routing import after, on

VERSION = sys.argv[1]
if VERSION == "1.6":
    from ocpp.v16 import ChargePoint, call, call_result
elif VERSION == "2.0.1":
    from ocpp.v201 import ChargePoint, call, call_result
else:
    from ocpp.v21 import ChargePoint, call, call_result


def now():
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Base(ChargePoint):
    def __init__(self, *args):
        super().__init__(*args)
        self.heard = []
        self.done = asyncio.Event()

    def hear(self, action, **fields):
        self.heard.append([action, fields])

    @on("Reset")
    def on_reset(self, **_fields):
        return call_result.Reset(status="Accepted")

    @after("Reset")
    def after_reset(self, **_fields):
        self.done.set()

    @on("DataTransfer")
    def on_data_transfer(self, **fields):
        self.hear("DataTransfer", **fields)
        return call_result.DataTransfer(status="UnknownMessageId")


class Station16(Base):
    @on("SetChargingProfile")
    def on_profile(self, **fields):
        self.hear("SetChargingProfile", **fields)
        return call_result.SetChargingProfile(status="Accepted")

    @on("GetDiagnostics")
    def on_diagnostics(self, **fields):
        self.hear("GetDiagnostics", **fields)
        return call_result.GetDiagnostics(file_name="diagnostics.zip")

    @after("GetDiagnostics")
    async def after_diagnostics(self, **_fields):
        for status in ("Uploading", "UploadFailed"):
            await self.call(call.DiagnosticsStatusNotification(status=status))

    @on("SignedUpdateFirmware")
    def on_firmware(self, **fields):
        self.hear("SignedUpdateFirmware", **fields)
        return call_result.SignedUpdateFirmware(status="Accepted")

    @after("SignedUpdateFirmware")
    async def after_firmware(self, request_id, **_fields):
        await self.call(call.SignedFirmwareStatusNotification(status="Downloading", request_id=request_id))

    async def boot(self):
        return await self.call(call.BootNotification(charge_point_model="Foreign", charge_point_vendor="PyPI"))


class Station2(Base):
    def __init__(self, *args):
        super().__init__(*args)
        self.messages = {}

    @on("SetDisplayMessage")
    def on_message(self, message, **_fields):
        self.hear("SetDisplayMessage", message=message)
        self.messages[message["id"]] = message
        return call_result.SetDisplayMessage(status="Accepted")

    @on("GetDisplayMessages")
    def on_messages(self, request_id, **_fields):
        self.hear("GetDisplayMessages", request_id=request_id)
        return call_result.GetDisplayMessages(status="Accepted")

    @after("GetDisplayMessages")
    async def after_messages(self, request_id, **_fields):
        await self.call(call.NotifyDisplayMessages(request_id=request_id, message_info=list(self.messages.values())))

    @on("CustomerInformation")
    def on_customer(self, **fields):
        self.hear("CustomerInformation", **fields)
        return call_result.CustomerInformation(status="Accepted")

    @after("CustomerInformation")
    async def after_customer(self, request_id, **_fields):
        await self.call(
            call.NotifyCustomerInformation(data="cleared", seq_no=0, generated_at=now(), request_id=request_id)
        )

    @on("GetLog")
    def on_log(self, **fields):
        self.hear("GetLog", **fields)
        return call_result.GetLog(status="Accepted", filename="log.zip")

    @after("GetLog")
    async def after_log(self, request_id, **_fields):
        await self.call(call.LogStatusNotification(status="Uploaded", request_id=request_id))

    async def boot(self):
        return await self.call(
            call.BootNotification(charging_station={"model": "Foreign", "vendor_name": "PyPI"}, reason="PowerUp")
        )


if VERSION == "2.1":

    class Station21(Station2):
        @on("SetDefaultTariff")
        def on_tariff(self, **fields):
            self.hear("SetDefaultTariff", **fields)
            return call_result.SetDefaultTariff(status="Accepted")

        @on("RequestBatterySwap")
        def on_swap(self, **fields):
            self.hear("RequestBatterySwap", **fields)
            return call_result.RequestBatterySwap(status="Accepted")

        @after("RequestBatterySwap")
        async def after_swap(self, id_token, request_id, **_fields):
            await self.call(
                call.BatterySwap(
                    event_type="BatteryOut",
                    request_id=request_id,
                    id_token=id_token,
                    battery_data=[{"evse_id": 1, "serial_number": "B-1", "so_c": 95, "so_h": 99}],
                )
            )
            await self.call(
                call.OpenPeriodicEventStream(
                    constant_stream_data={"id": 3, "variable_monitoring_id": 9, "params": {"interval": 5, "values": 2}}
                )
            )
            # The package knows no SEND.
            data = {"id": 3, "pending": 0, "basetime": now(), "data": [{"t": 0, "v": "230.4"}]}
            await self._connection.send(json.dumps([6, "stream-1", "NotifyPeriodicEventStream", data]))


async def main(url, station_id, password):
    credentials = base64.b64encode(f"{station_id}:{password}".encode()).decode()
    async with websockets.connect(
        f"{url}/{station_id}",
        subprotocols=[f"ocpp{VERSION}"],
        additional_headers={"Authorization": f"Basic {credentials}"},
    ) as socket:
        kind = {"1.6": Station16, "2.0.1": Station2}.get(VERSION) or Station21
        station = kind(station_id, socket)
        listening = asyncio.create_task(station.start())
        boot = await station.boot()
        assert boot.status == "Accepted", boot
        answer = await station.call(call.DataTransfer(vendor_id="org.example", message_id="Greet"))
        station.hear("DataTransfer answered", status=answer.status, data=answer.data)
        await station.done.wait()
        await asyncio.sleep(0.2)
        print(json.dumps(station.heard), flush=True)
        listening.cancel()


asyncio.run(main(*sys.argv[2:]))
