import type { KnownStation } from '@voltlog/device-domain';
import type { deviceSecurityV1 } from '@voltlog/proto';

export function toSecurityMessage({ stationId, security }: KnownStation): deviceSecurityV1.StationSecurity {
  const { securityProfileMin, certificates, offered, profileChange, csrRefusal } = security;
  return {
    stationId,
    securityProfileMin,
    certificates: certificates.map((each) => ({ ...each })),
    passwordChange:
      offered === null
        ? undefined
        : { changeId: offered.changeId, status: offered.byHand === true ? 'SetByHand' : 'Offered', startedAt: offered.startedAt },
    profileChange:
      profileChange === null
        ? undefined
        : {
            changeId: profileChange.changeId,
            fromProfile: profileChange.fromProfile,
            toProfile: profileChange.toProfile,
            phase: profileChange.phase,
            startedAt: profileChange.startedAt,
            endedAt: profileChange.endedAt === '' ? undefined : profileChange.endedAt,
            reason: profileChange.reason,
          },
    csrRefusal,
  };
}
