/** Message log of stations. */
export class FrameLog {
  received(_stationId: string, _atMs: number, _text: string, _action: string): void {}
  sent(_stationId: string, _atMs: number, _text: string): void {}
}
