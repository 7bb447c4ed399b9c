package throttle

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/problem"
)

// Config is what a Lockout works with.
type Config struct {
	Database *database.DB
	// Index is the keyed hash of a value for a purpose: Vault.Index.
	Index func(purpose, value string) [32]byte
	// Rules. Zero: DefaultRules.
	Rules Rules
	// Codes bound the codes sent to phones. Zero: DefaultCodeRules.
	Codes CodeRules
	// Network is when a network is slowed. Zero: DefaultNetworkRule.
	Network NetworkRule
	// Now is the clock. nil: time.Now.
	Now func() time.Time
}

// Lockout counts failures in the database, so that they outlive the process
// and hold at every issuer. Nothing but a failure writes. It is safe for many
// goroutines at once.
type Lockout struct {
	*networks
	db    *database.DB
	index func(purpose, value string) [32]byte
	rules map[Kind]Rule // immutable after construction
	now   func() time.Time
}

// NewLockout makes a Lockout.
func NewLockout(c Config) (*Lockout, error) {
	if c.Database == nil || c.Index == nil {
		return nil, errors.New("attempts: no database or no index")
	}
	if c.Rules == (Rules{}) {
		c.Rules = DefaultRules
	}
	if c.Codes == (CodeRules{}) {
		c.Codes = DefaultCodeRules
	}
	if c.Network == (NetworkRule{}) {
		c.Network = DefaultNetworkRule
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if err := errors.Join(c.Rules.Check(), c.Codes.Check(), c.Network.Check()); err != nil {
		return nil, err
	}
	rules := c.Rules.rules()
	maps.Copy(rules, c.Codes.rules())
	return &Lockout{newNetworks(c.Network, c.Now), c.Database, c.Index, rules, c.Now}, nil
}

// Check refuses with TooManyFailures if a key is locked, until the last of the
// locks ends. It only reads. To be exact when attempts run at the same time, ask
// again in the transaction that grants what was attempted.
func (l *Lockout) Check(ctx context.Context, q database.Queries, keys ...Key) error {
	now := l.now().UnixMilli()
	var refused error
	var until int64
	err := l.standings(ctx, q, keys, func(k Kind, s standing) {
		if s.lockedAt(l.rules[k], now) && s.locked > until {
			until, refused = s.locked, locked(k, s)
		}
	})
	return cmp.Or(err, refused)
}

// Locked is Check against what is committed.
func (l *Lockout) Locked(ctx context.Context, keys ...Key) error {
	return l.db.View(ctx, "look for locks", func(ctx context.Context, q database.Queries) error { return l.Check(ctx, q, keys...) })
}

// about completes what a refusal says.
var about = map[Kind]string{
	Account: "by this account", Document: "by this document",
	Face: "by this document from this network", Faces: "by this document from several networks",
	codeAccount: "for this account", codeNumber: "to this number", codePause: "to this number just now",
	codeNetwork: "for this network", codeAll: "in all",
}

func locked(k Kind, s standing) error {
	until := roundUp(s.locked * int64(time.Millisecond))
	switch k {
	case Account, Document, Face, Faces:
		return problem.Until(until, TooManyFailures, "too many failed attempts "+about[k])
	}
	return problem.Until(until, TooManyCodes, "too many codes were sent "+about[k]+"; none was sent now")
}

// standings reads, in one question, how the keys stand that have a row.
func (l *Lockout) standings(ctx context.Context, q database.Queries, keys []Key, each func(Kind, standing)) error {
	if len(keys) == 0 {
		return nil
	}
	var where []string
	var args []any
	for _, k := range keys {
		args = append(args, string(k.kind), k.hash[:])
		where = append(where, fmt.Sprintf("kind = $%d AND key_hash = $%d", len(args)-1, len(args)))
	}
	return database.Each(ctx, q, func(row *sql.Rows) error {
		var kind Kind
		var s standing
		if err := row.Scan(&kind, &s.count, &s.window, &s.locks, &s.locked, &s.forget); err != nil {
			return err
		}
		each(kind, s)
		return nil
	}, `SELECT kind, count, window_ms, locks, locked_ms, forget_ms FROM failures WHERE `+strings.Join(where, " OR "), args...)
}

// Add counts one failure for each key. If a key is locked already it refuses
// with TooManyFailures, and the transaction must not commit. So of attempts that
// run at the same time exactly as many as the rule says are told that they
// failed, and the others that they are locked, right or wrong: they learn nothing.
func (l *Lockout) Add(ctx context.Context, tx *sql.Tx, keys ...Key) error {
	now := l.now().UnixMilli()
	keys = slices.Clone(keys)
	slices.SortFunc(keys, compare) // two transactions take the rows in one order
	for _, k := range slices.Compact(keys) {
		// An update that changes nothing, so that the row is there and locked.
		var s standing
		err := tx.QueryRowContext(ctx, `
			INSERT INTO failures (kind, key_hash, count, window_ms, locks, locked_ms, forget_ms) VALUES ($1, $2, 0, 0, 0, 0, 0)
			ON CONFLICT (kind, key_hash) DO UPDATE SET count = failures.count
			RETURNING count, window_ms, locks, locked_ms, forget_ms`, string(k.kind), k.hash[:]).
			Scan(&s.count, &s.window, &s.locks, &s.locked, &s.forget)
		if err != nil {
			return err
		}
		rule := l.rules[k.kind]
		if s.lockedAt(rule, now) {
			return locked(k.kind, s)
		}
		s = s.after(rule, now)
		_, err = tx.ExecContext(ctx, `
			UPDATE failures SET count = $3, window_ms = $4, locks = $5, locked_ms = $6, forget_ms = $7
			WHERE kind = $1 AND key_hash = $2`,
			string(k.kind), k.hash[:], s.count, s.window, s.locks, s.locked, s.forget)
		if err != nil {
			return err
		}
	}
	return nil
}

// Count is Add in a transaction of its own.
func (l *Lockout) Count(ctx context.Context, keys ...Key) error {
	return l.db.Change(ctx, "count a failure", func(ctx context.Context, tx *sql.Tx) error { return l.Add(ctx, tx, keys...) })
}

// Clear forgets a key's failures: its holder has succeeded, or is gone. Clear an
// account's only: a success must not undo what others did with a document.
func (l *Lockout) Clear(ctx context.Context, tx *sql.Tx, k Key) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM failures WHERE kind = $1 AND key_hash = $2`, string(k.kind), k.hash[:])
	return err
}

// Unlock forgets what is counted about keys, at an operator's order: with the key of
// Faces, of the document from each network as well. It returns how many rows went.
func (l *Lockout) Unlock(ctx context.Context, tx *sql.Tx, keys ...Key) (lifted int, err error) {
	for _, k := range keys {
		n, err := database.Changed(ctx, tx, `DELETE FROM failures WHERE kind = $1 AND key_hash = $2`, string(k.kind), k.hash[:])
		lifted += int(n)
		if err == nil && k.kind == Faces {
			half := len(k.hash) / 2
			first, last := slices.Clone(k.hash[:half]), slices.Clone(k.hash[:half])
			first, last = append(first, make([]byte, half)...), append(last, bytes.Repeat([]byte{0xff}, half)...)
			n, err = database.Changed(ctx, tx, `DELETE FROM failures WHERE kind = $1 AND key_hash BETWEEN $2 AND $3`, string(Face), first, last)
			lifted += int(n)
		}
		if err != nil {
			return lifted, err
		}
	}
	return lifted, nil
}

// LockState is what is held about a key.
type LockState struct {
	Failures    int   // in the present window
	Locks       int   // so far
	LockedUntil int64 // Unix seconds; 0: not locked
}

// LockState tells what is held about a key.
func (l *Lockout) LockState(ctx context.Context, q database.Queries, k Key) (LockState, error) {
	now := l.now().UnixMilli()
	var h LockState
	err := l.standings(ctx, q, []Key{k}, func(_ Kind, s standing) {
		h = LockState{Failures: s.count, Locks: s.locks}
		if s.lockedAt(l.rules[k.kind], now) {
			h.LockedUntil = roundUp(s.locked * int64(time.Millisecond))
		}
	})
	return h, err
}

// sweepBatch is how many rows one transaction of Sweep deletes.
const sweepBatch = 500

// Sweep deletes the rows that mean nothing any more and returns how many.
func (l *Lockout) Sweep(ctx context.Context, now time.Time) (swept int, err error) {
	return l.db.DeleteOld(ctx, "failures", "kind, key_hash", "forget_ms", now, sweepBatch)
}
