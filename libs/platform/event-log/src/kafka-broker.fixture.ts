import { connect, type Socket } from 'node:net';
import { KafkaContainer, type StartedKafkaContainer } from '@testcontainers/kafka';
import type { ISocketFactory } from 'kafkajs';
import { Wait } from 'testcontainers';

let container: StartedKafkaContainer | undefined;

/** The brokers of `KAFKA_BROKERS`, else one in a container. */
export async function startBrokers(): Promise<string[]> {
  const given = (process.env['KAFKA_BROKERS'] ?? '').split(',').filter((broker) => broker !== '');
  if (given.length > 0) return given;
  const image = process.env['VOLTLOG_KAFKA_IMAGE'] ?? 'ev/kafka:8.0.0';
  container = await new KafkaContainer(image).withWaitStrategy(Wait.forLogMessage(/Kafka Server started/)).start();
  return [`${container.getHost()}:${container.getMappedPort(9093)}`];
}

export async function stopBrokers(): Promise<void> {
  await container?.stop();
  container = undefined;
}

/** The way to the brokers, which can be cut. */
export class Cable {
  readonly #sockets = new Set<Socket>();
  #state: 'whole' | 'cut' | 'silent' | 'broken' = 'whole';

  readonly socketFactory: ISocketFactory = ({ host, port, onConnect }) => {
    if (this.#state === 'broken') throw new TypeError('no cable');
    const socket = connect({ host, port: this.#state === 'whole' ? port : 1 }, onConnect);
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  };

  /** Connections break, new ones are refused. */
  cut(): void {
    this.#state = 'cut';
    this.#break();
  }

  /** Connections stay but nothing comes back; new ones are refused. */
  silence(): void {
    this.#state = 'silent';
    for (const socket of this.#sockets) socket.pause();
  }

  /** Connections break, and trying to open one is an error that kafkajs does not take for passing. */
  destroy(): void {
    this.#state = 'broken';
    this.#break();
  }

  mend(): void {
    if (this.#state === 'silent') this.#break();
    this.#state = 'whole';
  }

  #break(): void {
    for (const socket of this.#sockets)
      socket.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', errno: -104, syscall: 'read' }));
  }
}
