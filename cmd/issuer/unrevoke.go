package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/registry"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/issuance/vault"
)

var unrevokeCommands = []command{
	{name: "clear-lockouts", doc: "clear the lockouts of the login names and documents in `FILE`", by: true, run: clearLockouts},
	{name: "unrevoke-by", doc: "count the credentials that the staff credential `NAME` revoked, or with -confirm unrevoke them", with: []string{"from", "before", "confirm"}, by: true, run: unrevokeBy},
}

// maxLockouts bounds the lines of a -clear-lockouts file, one per person. Our choice.
const maxLockouts = 1000

// clearLockouts reads the names from a file: on the command line, other users of the
// machine and the shell history would see them.
func clearLockouts(ctx context.Context, inv *invocation) error {
	if err := inv.openDatabase(ctx); err != nil {
		return err
	}
	c := inv.config.lockout()
	c.Database, c.Index = inv.db.Database(), inv.vault.Index
	failures, err := throttle.NewLockout(c)
	if err != nil {
		return err
	}
	locks, err := readLockouts(inv.value, failures, inv.vault)
	if err != nil {
		return fmt.Errorf("-clear-lockouts: %w", err)
	}
	for i, keys := range locks {
		var cleared int
		err := inv.db.Database().Change(ctx, "clear lockouts", func(ctx context.Context, tx *sql.Tx) (err error) {
			if cleared, err = failures.Unlock(ctx, tx, keys...); err != nil || cleared == 0 {
				return err
			}
			return inv.log.Append(ctx, tx, inv.entry(staff.ClearLockout, audit.Object{Kind: audit.Lock, ID: keys[0].Name()}, strconv.Itoa(cleared)+" counts"))
		})
		if err != nil {
			return err
		}
		if cleared == 0 {
			inv.printf("line %d: no failures were counted", i+1)
			continue
		}
		inv.printf("line %d: cleared %d failure counts; the audit log names it %s", i+1, cleared, keys[0].Name())
	}
	return nil
}

// readLockouts reads lines such as "login NAME" and "document resident_id NUMBER". Its
// errors contain line numbers, never the lines.
func readLockouts(path string, f *throttle.Lockout, secrets *vault.Vault) (all [][]throttle.Key, err error) {
	err = readLines(path, maxLockouts, func(line string) error {
		keys, ok := parseLockout(strings.Fields(line), f, secrets)
		if !ok {
			return errors.New("write login NAME, or document TYPE NUMBER such as document resident_id 110105194912310028; for a passport write its nationality before the number, as in FRA:12AB34567")
		}
		all = append(all, keys)
		return nil
	})
	return all, err
}

func parseLockout(words []string, f *throttle.Lockout, secrets *vault.Vault) ([]throttle.Key, bool) {
	switch {
	case len(words) == 2 && words[0] == "login":
		k, ok := account.LockKey(f, words[1])
		return []throttle.Key{k, account.CodeKey(f, words[1])}, ok
	case len(words) == 3 && words[0] == "document":
		document, err := identity.ParseKnown(words[1])
		number := identity.NormalNumber(document, words[2])
		return []throttle.Key{
			f.Faces(secrets.Person(document, number)), // face checks from all networks
			registry.ProofKey(f, secrets.Index, document, number),
		}, err == nil
	}
	return nil, false
}

// unrevokeBy undoes the revocations of a stolen staff credential. Credentials stay
// revoked if another credential revoked them as well, if a newer credential superseded
// them, or if they have expired.
func unrevokeBy(ctx context.Context, inv *invocation) error {
	if err := staff.CheckName(inv.value); err != nil {
		return fmt.Errorf("-unrevoke-by must name a staff credential: %w", err)
	}
	if _, given := inv.option["from"]; !given {
		return fmt.Errorf("-unrevoke-by needs -from: the time since which the credential is not trusted")
	}
	from, err := inv.timeOption("from", time.Time{})
	if err != nil {
		return err
	}
	before, err := inv.timeOption("before", time.Now())
	if err != nil {
		return err
	}
	if err := inv.openDatabase(ctx); err != nil {
		return err
	}
	p := credential.Period{Who: inv.value, From: database.MillisAt(from), To: database.MillisAt(before), At: database.MillisAt(time.Now()),
		Entry: inv.entry(staff.Unrevoke, audit.Object{}, "all that "+inv.value+" revoked")}
	credentials := credential.NewStore(inv.db, inv.log)
	revoked, serials, err := credentials.RevokedIn(ctx, p)
	if err != nil {
		return err
	}
	inv.printf("%q revoked %d times from %s to %s; %d credentials would be unrevoked. The others are superseded, expired, already unrevoked, or also revoked by another credential.",
		inv.value, revoked, formatTime(from), formatTime(before), len(serials))
	confirmed, given := inv.option["confirm"]
	switch {
	case !given:
		inv.printf("nothing was changed; run the command again with -confirm %d to unrevoke them", len(serials))
		return nil
	case confirmed != strconv.Itoa(len(serials)):
		return fmt.Errorf("-confirm %s is not the number of credentials that would be unrevoked, %d: nothing was changed; check -from and -before", confirmed, len(serials))
	case len(serials) == 0:
		return nil
	}
	progress := inv.progress()
	return inv.commitAndPublish(ctx, func(ctx context.Context) error {
		total := 0
		err := credentials.UnrevokePeriod(ctx, p, serials, func(done int) {
			total = done
			progress.show("%d credentials are unrevoked", done)
		})
		if err != nil {
			return fmt.Errorf("%d credentials are unrevoked, the others are not; run the command again: %w", total, err)
		}
		inv.printf("committed: %d credentials are unrevoked", total)
		return nil
	})
}
