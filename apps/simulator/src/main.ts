import { Command } from 'commander';

const program = new Command('simulator').description('Simulated charging stations for OCPP 1.6J and 2.0.1.');
await program.parseAsync();
