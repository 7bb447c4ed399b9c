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

// Config configures a [Lockout].
type Config struct {
	Database *database.DB
	// Index is the keyed hash of a value for a purpose, such as [vault.Vault.Index].
	Index func(purpose, value string) [32]byte
	// Rules lock accounts and documents. Zero: DefaultRules.
	Rules Rules
	// Codes limit the codes sent to phones. Zero: DefaultCodeRules.
	Codes CodeRules
	// Network slows networks. Zero: DefaultNetworkRule.
	Network NetworkRule
	// Now is the clock. nil: time.Now.
	Now func() time.Time
}

// Lockout counts failures in the database: the counts survive a process restart and apply at every issuer.
// Only failures write. It is safe for concurrent use.
type Lockout struct {
	*networks
	db    *database.DB
	index func(purpose, value string) [32]byte
	rules map[Kind]Rule // immutable after construction
	now   func() time.Time
}

// NewLockout makes a [Lockout].
func NewLockout(c Config) (*Lockout, error) {
	if c.Database == nil || c.Index == nil {
		return nil, errors.New("throttle: a lockout needs a database and an index")
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

// Check refuses with TooManyFailures, or TooManyCodes, if a key is locked; the error carries the end of the
// last lock. It only reads. With concurrent attempts, check again in the transaction that grants the
// request.
func (l *Lockout) Check(ctx context.Context, q database.Queries, keys ...Key) error {
	now := l.now().UnixMilli()
	var refused error
	var until int64
	err := l.readRows(ctx, q, keys, func(k Kind, s failureRow) {
		if s.lockedAt(l.rules[k], now) && s.locked > until {
			until, refused = s.locked, locked(k, s)
		}
	})
	return cmp.Or(err, refused)
}

// Locked is [Lockout.Check] in a read transaction of its own.
func (l *Lockout) Locked(ctx context.Context, keys ...Key) error {
	return l.db.View(ctx, "look for locks", func(ctx context.Context, q database.Queries) error { return l.Check(ctx, q, keys...) })
}

// lockDetail completes the detail of a problem.
var lockDetail = map[Kind]string{
	Account: "by this account", Document: "by this document",
	Face: "by this document from this network", Faces: "by this document from several networks",
	codeAccount: "for this account", codeNumber: "to this number", codePause: "to this number just now",
	codeNetwork: "for this network", codeAll: "in all",
}

func locked(k Kind, s failureRow) error {
	until := roundUp(s.locked * int64(time.Millisecond))
	switch k {
	case Account, Document, Face, Faces:
		return problem.Until(until, TooManyFailures, "too many failed attempts "+lockDetail[k])
	}
	return problem.Until(until, TooManyCodes, "too many codes were sent "+lockDetail[k]+"; none was sent now")
}

// readRows reads the rows of the keys in one query. Keys without a row are skipped.
func (l *Lockout) readRows(ctx context.Context, q database.Queries, keys []Key, each func(Kind, failureRow)) error {
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
		var s failureRow
		if err := row.Scan(&kind, &s.count, &s.window, &s.locks, &s.locked, &s.forget); err != nil {
			return err
		}
		each(kind, s)
		return nil
	}, `SELECT kind, count, window_ms, locks, locked_ms, forget_ms FROM failures WHERE `+strings.Join(where, " OR "), args...)
}

// Add counts one failure for each key. If a key is already locked, it refuses with TooManyFailures, and the
// transaction must not commit. Of concurrent attempts, exactly the number in the rule get the answer that
// they failed. The others get the answer that the key is locked, whether they were right or wrong, and
// learn nothing.
func (l *Lockout) Add(ctx context.Context, tx *sql.Tx, keys ...Key) error {
	now := l.now().UnixMilli()
	keys = slices.Clone(keys)
	slices.SortFunc(keys, compare) // all transactions lock rows in the same order
	for _, k := range slices.Compact(keys) {
		// The update changes nothing: it creates the row if needed and locks it.
		var s failureRow
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

// Count is [Lockout.Add] in a transaction of its own.
func (l *Lockout) Count(ctx context.Context, keys ...Key) error {
	return l.db.Change(ctx, "count a failure", func(ctx context.Context, tx *sql.Tx) error { return l.Add(ctx, tx, keys...) })
}

// Clear deletes the failures of a key after a success, or after its account was deleted. Use it for account
// keys only: a success must not undo failures of other callers with the same document.
func (l *Lockout) Clear(ctx context.Context, tx *sql.Tx, k Key) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM failures WHERE kind = $1 AND key_hash = $2`, string(k.kind), k.hash[:])
	return err
}

// Unlock deletes the failures of keys for an operator's command. For a key of [Lockout.Faces] it also
// deletes the document's failures from each network. It returns the number of deleted rows.
func (l *Lockout) Unlock(ctx context.Context, tx *sql.Tx, keys ...Key) (deleted int, err error) {
	for _, k := range keys {
		n, err := database.Changed(ctx, tx, `DELETE FROM failures WHERE kind = $1 AND key_hash = $2`, string(k.kind), k.hash[:])
		deleted += int(n)
		if err == nil && k.kind == Faces {
			half := len(k.hash) / 2
			first, last := slices.Clone(k.hash[:half]), slices.Clone(k.hash[:half])
			first, last = append(first, make([]byte, half)...), append(last, bytes.Repeat([]byte{0xff}, half)...)
			n, err = database.Changed(ctx, tx, `DELETE FROM failures WHERE kind = $1 AND key_hash BETWEEN $2 AND $3`, string(Face), first, last)
			deleted += int(n)
		}
		if err != nil {
			return deleted, err
		}
	}
	return deleted, nil
}

// LockState is the lock and the failures of a key.
type LockState struct {
	Failures    int   // in the current window
	Locks       int   // so far
	LockedUntil int64 // Unix seconds; 0: not locked
}

// LockState returns the state of a key.
func (l *Lockout) LockState(ctx context.Context, q database.Queries, k Key) (LockState, error) {
	now := l.now().UnixMilli()
	var h LockState
	err := l.readRows(ctx, q, []Key{k}, func(_ Kind, s failureRow) {
		h = LockState{Failures: s.count, Locks: s.locks}
		if s.lockedAt(l.rules[k.kind], now) {
			h.LockedUntil = roundUp(s.locked * int64(time.Millisecond))
		}
	})
	return h, err
}

// sweepBatch is the number of rows that one transaction of Sweep deletes.
const sweepBatch = 500

// Sweep deletes expired rows and returns their number.
func (l *Lockout) Sweep(ctx context.Context, now time.Time) (swept int, err error) {
	return l.db.DeleteOld(ctx, "failures", "kind, key_hash", "forget_ms", now, sweepBatch)
}
