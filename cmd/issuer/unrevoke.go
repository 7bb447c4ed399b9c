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
	{name: "clear-lockouts", doc: "lift the locks of the login names and documents in `FILE` and exit", by: true, run: liftLocks},
	{name: "unrevoke-by", doc: "count what the staff credential `NAME` revoked, or with -confirm unrevoke it, and exit", with: []string{"from", "before", "confirm"}, by: true, run: unrevokeBy},
}

// maxLifted bounds the lines of a file of locks: one for each person who asked.
const maxLifted = 1000

// liftLocks reads names from a file and not from the command line, where other users
// of the machine and its shell history would see them.
func liftLocks(ctx context.Context, inv *invocation) error {
	if err := inv.open(ctx); err != nil {
		return err
	}
	c := inv.config.lockout()
	c.Database, c.Index = inv.db.Database(), inv.vault.Index
	failures, err := throttle.NewLockout(c)
	if err != nil {
		return err
	}
	locks, err := readLocks(inv.value, failures, inv.vault)
	if err != nil {
		return fmt.Errorf("-clear-lockouts: %w", err)
	}
	for i, keys := range locks {
		var lifted int
		err := inv.db.Database().Change(ctx, "lift locks", func(ctx context.Context, tx *sql.Tx) (err error) {
			if lifted, err = failures.Unlock(ctx, tx, keys...); err != nil || lifted == 0 {
				return err
			}
			return inv.log.Append(ctx, tx, inv.entry(staff.ClearLockout, audit.Object{Kind: audit.Lock, ID: keys[0].Name()}, strconv.Itoa(lifted)+" counts"))
		})
		if err != nil {
			return err
		}
		if lifted == 0 {
			inv.printf("line %d: nothing was counted", i+1)
			continue
		}
		inv.printf("line %d: lifted, %d counts are forgotten; the audit log names it %s", i+1, lifted, keys[0].Name())
	}
	return nil
}

// readLocks reads lines such as "login NAME" and "document resident_id NUMBER". Its
// errors name lines and repeat nothing of them.
func readLocks(path string, f *throttle.Lockout, secrets *vault.Vault) (all [][]throttle.Key, err error) {
	err = readLines(path, maxLifted, func(line string) error {
		keys, ok := readLock(strings.Fields(line), f, secrets)
		if !ok {
			return errors.New("write login NAME, or document TYPE NUMBER such as document resident_id 110105194912310028; a passport's number has its nationality before it, as in FRA:12AB34567")
		}
		all = append(all, keys)
		return nil
	})
	return all, err
}

func readLock(words []string, f *throttle.Lockout, secrets *vault.Vault) ([]throttle.Key, bool) {
	switch {
	case len(words) == 2 && words[0] == "login":
		k, ok := account.LockKey(f, words[1])
		return []throttle.Key{k, account.CodeKey(f, words[1])}, ok
	case len(words) == 3 && words[0] == "document":
		document, err := identity.ParseKnown(words[1])
		number := identity.NormalNumber(document, words[2])
		return []throttle.Key{
			f.Faces(secrets.Person(document, number)), // of face checks from everywhere
			registry.ProofKey(f, secrets.Index, document, number),
		}, err == nil
	}
	return nil, false
}

// unrevokeBy undoes what was done with a stolen staff credential. It leaves revoked
// what anybody else revoked as well, what a newer credential took the place of, and
// what is over.
func unrevokeBy(ctx context.Context, inv *invocation) error {
	if err := staff.CheckName(inv.value); err != nil {
		return fmt.Errorf("-unrevoke-by must name a staff credential: %w", err)
	}
	if _, given := inv.option["from"]; !given {
		return fmt.Errorf("-unrevoke-by needs -from: since when the credential cannot be trusted")
	}
	from, err := inv.moment("from", time.Time{})
	if err != nil {
		return err
	}
	before, err := inv.moment("before", time.Now())
	if err != nil {
		return err
	}
	if err := inv.open(ctx); err != nil {
		return err
	}
	p := credential.Period{Who: inv.value, From: database.MillisAt(from), To: database.MillisAt(before), At: database.MillisAt(time.Now()),
		Entry: inv.entry(staff.Unrevoke, audit.Object{}, "all that "+inv.value+" revoked")}
	credentials := credential.NewStore(inv.db, inv.log)
	revoked, serials, err := credentials.RevokedIn(ctx, p)
	if err != nil {
		return err
	}
	inv.printf("%q revoked %d times from %s to %s; %d credentials would be unrevoked. The others are superseded, over, unrevoked already, or revoked by another credential, too.",
		inv.value, revoked, stamp(from), stamp(before), len(serials))
	confirmed, given := inv.option["confirm"]
	switch {
	case !given:
		inv.printf("nothing was changed; give the command again with -confirm %d to unrevoke them", len(serials))
		return nil
	case confirmed != strconv.Itoa(len(serials)):
		return fmt.Errorf("-confirm %s is not the number of credentials that would be unrevoked, %d: nothing was changed", confirmed, len(serials))
	case len(serials) == 0:
		return nil
	}
	progress := inv.progress()
	return inv.commitAndPublish(ctx, func(ctx context.Context) error {
		total := 0
		err := credentials.UnrevokePeriod(ctx, p, serials, func(lifted int) {
			total = lifted
			progress.show("%d credentials are unrevoked", lifted)
		})
		if err != nil {
			return fmt.Errorf("%d credentials are unrevoked, the others are not; give the command again: %w", total, err)
		}
		inv.printf("committed: %d credentials are unrevoked", total)
		return nil
	})
}
