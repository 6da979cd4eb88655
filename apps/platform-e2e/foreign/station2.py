"""A station of OCPP 2.0.1 or 2.1 of the PyPI package `ocpp`: charges 1.25 kWh and more until it is stopped from remote, then tells what it delivered.

usage: station2.py URL STATION_ID PASSWORD ID_TOKEN 2.0.1|2.1
"""

import asyncio
import base64
import json
import sys
import uuid
from datetime import datetime, timezone

import websockets
from ocpp.routing import after, on

VERSION = sys.argv.pop()
if VERSION == "2.0.1":
    from ocpp.v201 import ChargePoint, call, call_result
    from ocpp.v201.enums import Action, RequestStartStopStatusEnumType
else:
    from ocpp.v21 import ChargePoint, call, call_result
    from ocpp.v21.enums import Action, RequestStartStopStatusEnumType

METER_START_WH = 4_000


def now():
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Station(ChargePoint):
    transaction_id = None
    stopped = None
    seq_no = 0

    @on(Action.request_stop_transaction)
    def on_request_stop(self, transaction_id):
        mine = transaction_id == self.transaction_id
        return call_result.RequestStopTransaction(
            RequestStartStopStatusEnumType.accepted if mine else RequestStartStopStatusEnumType.rejected
        )

    @after(Action.request_stop_transaction)
    def after_request_stop(self, transaction_id):
        if transaction_id == self.transaction_id:
            self.stopped.set()

    async def tell(self, event_type, trigger, register, context, info=None, id_token=None):
        answer = await self.call(
            call.TransactionEvent(
                event_type=event_type,
                timestamp=now(),
                trigger_reason=trigger,
                seq_no=self.seq_no,
                transaction_info={"transaction_id": self.transaction_id, **(info or {})},
                evse={"id": 1, "connector_id": 1},
                id_token=id_token,
                meter_value=[{"timestamp": now(), "sampled_value": [{"value": register, "context": context}]}],
            )
        )
        self.seq_no += 1
        return answer

    async def charge(self, id_token):
        self.stopped = asyncio.Event()
        self.transaction_id = str(uuid.uuid4())
        token = {"id_token": id_token, "type": "ISO14443"}
        boot = await self.call(
            call.BootNotification(charging_station={"model": "Foreign", "vendor_name": "PyPI"}, reason="PowerUp")
        )
        assert boot.status == "Accepted", boot
        await self.call(
            call.StatusNotification(timestamp=now(), connector_status="Occupied", evse_id=1, connector_id=1)
        )
        authorized = await self.call(call.Authorize(id_token=token))
        assert authorized.id_token_info["status"] == "Accepted", authorized
        register = METER_START_WH
        started = await self.tell("Started", "Authorized", register, "Transaction.Begin", {"charging_state": "Charging"}, token)
        assert started.id_token_info["status"] == "Accepted", started
        for _ in range(5):
            register += 250
            await self.tell("Updated", "MeterValuePeriodic", register, "Sample.Periodic", {"charging_state": "Charging"})
        await self.stopped.wait()
        register += 13
        await self.tell("Ended", "RemoteStop", register, "Transaction.End", {"stopped_reason": "Remote"})
        await self.call(
            call.StatusNotification(timestamp=now(), connector_status="Available", evse_id=1, connector_id=1)
        )
        print(json.dumps({"transactionId": self.transaction_id, "energyWh": register - METER_START_WH}), flush=True)


async def main(url, station_id, password, id_token):
    credentials = base64.b64encode(f"{station_id}:{password}".encode()).decode()
    async with websockets.connect(
        f"{url}/{station_id}",
        subprotocols=[f"ocpp{VERSION}"],
        additional_headers={"Authorization": f"Basic {credentials}"},
    ) as socket:
        station = Station(station_id, socket)
        listening = asyncio.create_task(station.start())
        await station.charge(id_token)
        listening.cancel()


asyncio.run(main(*sys.argv[1:]))
