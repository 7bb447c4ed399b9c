package main

// usage is the first part of -h. The flags that follow it in -h describe every
// command and setting again, in alphabetical order.
const usage = `Issues electronic temporary IDs: applications, face checks, sessions, revocation.

  railgate-issuer -init DIR                     create the keys, print the authority's public key
  railgate-issuer -config issuer.toml           serve
  railgate-issuer -config issuer.toml -check    validate the settings, print warnings, exit

Each command below runs, prints its result and exits. Give the settings with it:
"railgate-issuer -config issuer.toml -by night-shift -new-key". A command works while issuers
run and while none runs, unless its text says otherwise.
-by NAME is the name recorded in the audit log: a role such as night-shift, not a person.
TIME is RFC 3339, such as 2026-02-10T08:00:00+08:00.

Setup
  -new-staff NAME -roles ROLE[,ROLE]
      Create a staff credential; print it once, with its entry for the settings file. ROLE is
      window, agency, police, operator, ticketing, authority or machine. Needs no settings.
  -new-provider-secret FILE
      Create a secret to share with one provider, in the new file FILE. Needs no settings.
  -encrypt-keys
      Encrypt the key directory with the passphrase in keys_passphrase_file.
  -re-encrypt-keys FILE
      Encrypt the key directory with the passphrase in FILE instead.
  -export-handheld DIR
      Write the handheld's page to DIR, for the proxy of a station. Needs no settings.
  -probe URL
      Exit 0 if URL, such as http://127.0.0.1:9081/readyz, answers 200. Needs no settings.

Issuer keys
Rotation: create a key, restart the issuers with it, wait for key_lead, deactivate the old key,
and retire the old key half an hour later. -list-keys prints the next step.
  -list-keys
      Print the state of each issuer key.
  -by NAME -new-key
      Create an issuer key and announce it to all gateways.
  -by NAME -announce-key ID
      Announce a key of the key directory to all gateways.
  -by NAME -activate-key ID [-from TIME]
      Sign with this key from TIME on. Also makes an inactive key active again.
  -by NAME -deactivate-key ID
      Stop signing with this key. Passes that it signed stay valid.
  -by NAME -retire-key ID
      End the announcement of an inactive key and destroy its secret.

Control stream
These commands commit to the database, then wait up to one minute until gateways can read the
change.
  -by NAME -distrust-key ID [-at TIME] [-exempt FILE] [-exempt-known]
      After a key leaked: refuse sessions that start under it at TIME or later. -exempt names
      credentials whose sessions stay valid. Exempt few: a thief can use their serials too.
  -by NAME -revoke-subject HEX [-before TIME]
      End one passenger's sessions that start before TIME.
  -by NAME -republish
      Publish everything active again, after database and topic were restored from backups.
  -by NAME -move-stream
      Publish to the topic and partitions of the settings from now on. Stop every issuer first.

Gateways
A gateway signs passages, bundles and receipts with a key of its own. Ids and keys are never used
for a second gateway.
  -list-gateways
      Print the gateways that were announced.
  -by NAME -announce-gateway ID:HEX
      Announce a gateway's public key, 64 hex digits, which railgate-gateway -new-key prints.
  -by NAME -withdraw-gateway ID [-from TIME]
      Refuse what the gateway dates at TIME or later. It cannot be undone, nor moved to later.

Lockouts and mass revocations
  -by NAME -clear-lockouts FILE
      Clear the lockouts of login names and documents. A line of FILE is "login NAME" or
      "document TYPE NUMBER", such as "document resident_id 110105194912310028".
  -by NAME -unrevoke-by STAFF -from TIME [-before TIME] [-confirm COUNT]
      After a staff credential was stolen: count the credentials that it revoked. With the
      COUNT printed, unrevoke them, except those superseded or revoked by others as well.

Data
  -by NAME -new-field-key
      Create a field key. Issuers encrypt personal data with it after their next start.
  -by NAME -re-encrypt-data
      Encrypt all personal data with the newest field key.
  -by NAME -drop-field-key N
      Destroy a field key that no data needs any more.
  -by NAME -backup FILE
      Write a checked copy of the SQLite database to the new file FILE.
  -by NAME -after-restore
      Prepare a database restored from a backup. Stop every issuer first.
  -by NAME -erase-now
      Erase applications older than 31 days, and those without a face check after 2 days.

Audit log
  -verify-audit-log [-anchor POS:HEX[,POS:HEX]]
      Verify the hash chain. Exit 0 if it holds; exit 1 and print the first broken place if not.
  -by NAME -audit-log [-from TIME] [-before TIME] [-object KIND:ID] [-json]
      Print entries, newest first; without a filter the last 100.
  -by NAME -archive-audit-log FILE [-before TIME]
      Move entries older than 184 days to the new file FILE.`
