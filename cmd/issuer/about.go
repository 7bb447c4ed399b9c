package main

// about heads the help; the flags below it have the details.
const about = `Issues electronic temporary IDs: applications, real-person checks, viewing sessions, revocation.

  railgate-issuer -init DIR                    make the keys, print the authority's public key
  railgate-issuer -config issuer.toml          run
  railgate-issuer -config issuer.toml -check   validate the settings, say what is not good, and exit

All else below is done and then exits, beside a running issuer or without one. Put
"railgate-issuer -config issuer.toml" before it; what has -by is an order and stands in the
audit trail. TIME is RFC 3339, such as 2026-02-10T08:00:00+08:00.

To set up
  -new-staff NAME -roles ROLE,ROLE       a credential and its entry for the file; roles are window,
                                         agency, police, operator, ticketing, authority,
                                         machine
  -new-partner-secret FILE               a secret to share with an outside service
  -seal                                  the key directory comes under the passphrase
  -reseal-keys FILE                      and under another one
  -probe http://127.0.0.1:9081/readyz    exit 0 if that answers 200

Issuer keys, one after the other: new, in the stream, key_lead later in service; then the old
one rests, and half an hour later it can be retired
  -list-keys                             how far each has come
  -by NAME -new-key                      make one and announce it to every gate
  -by NAME -announce-key ID              announce one that lies in the directory
  -by NAME -use-key ID [-from TIME]      it signs from then on; also an older one again
  -by NAME -rest-key ID                  it signs nothing more
  -by NAME -retire-key ID                its announcement ends, its secret is destroyed

Orders to every gate: committed to the database, then waited for, at most a minute, until they
are published
  -by NAME -cut-off-key ID [-at TIME] [-rescue FILE] [-rescue-known]
      a key leaked: sessions that start under it at TIME or later are refused, but for those of
      rescued credentials; rescue few, since a thief can use their serials, too
  -by NAME -cut-off-subject HEX [-before TIME]
      end a passenger's sessions that start before TIME
  -by NAME -restate
      database and log came back from a backup together: say everything in force again
  -by NAME -move-stream
      kafka.topic or kafka.partitions was changed on purpose, and every issuer is stopped

Locks and mass revocations
  -by NAME -lift-locks FILE              forget the failures of login names and documents; FILE has lines
                                         such as "login NAME" and "document resident_id NUMBER"
  -by NAME -unrevoke-by STAFF -from TIME [-before TIME] [-confirm COUNT]
      a staff credential was stolen: counts what it revoked, and with the COUNT unrevokes that, but
      for what others revoked, too, and what a newer credential took the place of

Data
  -by NAME -new-field-key                a key that seals personal data from the next start on
  -by NAME -reseal-data                  bring what lies under older ones under it
  -by NAME -drop-field-key N             destroy one under which nothing lies any more
  -by NAME -backup FILE                  a checked copy of the SQLite database, in use or not
  -by NAME -after-restore                before the first start on a database from a backup
  -by NAME -erase-now                    applications of more than 31 days ago, and those never checked after 2

Audit trail
  -verify-trail [-anchor POS:HEX,...]    exit 0 if its chain holds, 1 with the first broken place
  -by NAME -trail [-from TIME] [-before TIME] [-object KIND:ID] [-json]
  -by NAME -archive-trail FILE [-before TIME]`
