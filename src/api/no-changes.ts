// SPDX-License-Identifier: Apache-2.0
import { WeirError } from '../base/errors.ts';
import type { ChangeService } from './change-service.ts';
import type { PolicyService } from './policy-service.ts';
import type { ProgramService } from './program-service.ts';

/** A node that can be looked at only. Every use case of changing it throws {WeirError} `BUSY` with `problem`. */
export function noChanges(problem: string): ChangeService & PolicyService & ProgramService {
  const refuse = () => Promise.reject(new WeirError('BUSY', { what: 'the engine', problem }));
  return {
    plan: refuse,
    apply: refuse,
    confirm: refuse,
    rollback: refuse,
    changeStatus: refuse,
    revisions: refuse,
    revision: refuse,
    exportState: refuse,
    diff: refuse,
    programs: refuse,
    program: refuse,
    putProgram: refuse,
    deleteProgram: refuse,
    putObject: refuse,
    policyObjects: refuse,
    policyObject: refuse,
    putPolicyObject: refuse,
    deletePolicyObject: refuse,
    changeCidrSet: refuse,
    policyRules: refuse,
    explain: refuse,
    explainCapture: refuse,
    followVerdicts: refuse,
  };
}
