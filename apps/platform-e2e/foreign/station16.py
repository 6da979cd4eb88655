"""An OCPP 1.6 station of the PyPI package `ocpp`: charges 1.25 kWh and more until it is stopped from remote, then tells what it delivered.

usage: station16.py URL STATION_ID PASSWORD ID_TAG
"""

import asyncio
import base64
import json
import sys
from datetime import datetime, timezone

import websockets
from ocpp.routing import after, on
from ocpp.v16 import ChargePoint, call, call_result
from ocpp.v16.enums import Action, RemoteStartStopStatus

METER_START_WH = 4_000


def now():
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Station(ChargePoint):
    transaction_id = None
    stopped = None

    @on(Action.remote_stop_transaction)
    def on_remote_stop(self, transaction_id):
        mine = transaction_id == self.transaction_id
        return call_result.RemoteStopTransaction(
            RemoteStartStopStatus.accepted if mine else RemoteStartStopStatus.rejected
        )

    @after(Action.remote_stop_transaction)
    def after_remote_stop(self, transaction_id):
        if transaction_id == self.transaction_id:
            self.stopped.set()

    async def charge(self, id_tag):
        self.stopped = asyncio.Event()
        boot = await self.call(call.BootNotification(charge_point_model="Foreign", charge_point_vendor="PyPI"))
        assert boot.status == "Accepted", boot
        await self.call(call.StatusNotification(connector_id=1, error_code="NoError", status="Preparing", timestamp=now()))
        authorized = await self.call(call.Authorize(id_tag=id_tag))
        assert authorized.id_tag_info["status"] == "Accepted", authorized
        started = await self.call(
            call.StartTransaction(connector_id=1, id_tag=id_tag, meter_start=METER_START_WH, timestamp=now())
        )
        assert started.id_tag_info["status"] == "Accepted", started
        self.transaction_id = started.transaction_id
        register = METER_START_WH
        for _ in range(5):
            register += 250
            await self.call(
                call.MeterValues(
                    connector_id=1,
                    transaction_id=self.transaction_id,
                    meter_value=[{"timestamp": now(), "sampled_value": [{"value": str(register)}]}],
                )
            )
        await self.stopped.wait()
        register += 13
        await self.call(
            call.StopTransaction(
                transaction_id=self.transaction_id, meter_stop=register, timestamp=now(), reason="Remote", id_tag=id_tag
            )
        )
        await self.call(call.StatusNotification(connector_id=1, error_code="NoError", status="Available", timestamp=now()))
        print(json.dumps({"transactionId": str(self.transaction_id), "energyWh": register - METER_START_WH}), flush=True)


async def main(url, station_id, password, id_tag):
    credentials = base64.b64encode(f"{station_id}:{password}".encode()).decode()
    async with websockets.connect(
        f"{url}/{station_id}",
        subprotocols=["ocpp1.6"],
        additional_headers={"Authorization": f"Basic {credentials}"},
    ) as socket:
        station = Station(station_id, socket)
        listening = asyncio.create_task(station.start())
        await station.charge(id_tag)
        listening.cancel()


asyncio.run(main(*sys.argv[1:]))
