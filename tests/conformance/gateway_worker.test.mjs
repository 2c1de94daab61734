import { run_every_case } from './suite.mjs';

run_every_case('gateway_worker');
