// Package audit is the audit log of actions by staff, operators and the issuer itself: who did what, in which
// role, to which object, and when. Entries are appended and never changed, and form a chain of keyed hashes.
//
// It promises:
//   - [Log.Append] writes in the transaction of the action: both are committed or neither.
//   - Appends do not block each other. A new entry is unchained; [Log.Chain], about every second, gives each
//     entry its position in the chain, exactly once and without gaps.
//   - [Log.Verify] finds a chained entry that was changed, removed, inserted or moved by an attacker without
//     the chain's key, and reports the first wrong position. It finds a truncated tail, or a chain that was
//     rebuilt with the key, by comparison with an [Anchor] stored outside the database: [Log.Run] logs one
//     every minute.
//   - An entry is chained only with a proof that a holder of the chain's key wrote it, and only once. An
//     entry that was added, changed or copied in the database by other means stays unchained; Run counts and
//     logs it, and Verify reports it.
//   - Triggers of the database refuse a change of an entry, and the deletion of an entry that was not
//     archived (0006_audit.sql). They protect against mistakes of the program, not against attackers.
//
// It does not detect the deletion of an entry before it is chained, within about a second. The entries are not
// encrypted: personal data must not be written to them. An entry records what the issuer did, not which person
// used a shared credential.
package audit

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/vault"
)

// Default intervals of [Log.Run]. Our choice: an entry can be changed unnoticed for about a second, and a
// truncated tail is detected within a minute.
const (
	DefaultChainEvery  = time.Second
	DefaultAnchorEvery = time.Minute
)

// Config configures a [Log].
type Config struct {
	DB  *database.DB
	Key vault.Key // of the chain: [vault.Vault.AuditKey]
	// Now is the clock for the age of entries; nil: time.Now.
	Now func() time.Time
	Log *zap.Logger // nil: no log
	// Metrics receives the metrics of run.go; nil: they are not exported.
	Metrics prometheus.Registerer

	ChainEvery  time.Duration // 0: DefaultChainEvery
	AnchorEvery time.Duration // 0: DefaultAnchorEvery
}

// Log writes, chains, verifies and reads the audit log of one database. It is safe for concurrent use, and for
// several issuers on one database.
type Log struct {
	db          *database.DB
	mac         func([]byte) Hash
	now         func() time.Time
	log         *zap.Logger
	chainEvery  time.Duration
	anchorEvery time.Duration

	notes *database.Group[Entry]

	chainFailures atomic.Uint64
	head          atomic.Int64                   // newest known chained position; unknownHead at first
	refused       atomic.Pointer[refusedEntries] // entries that the last Chain refused; nil before the first run
	lost          atomic.Bool                    // a logged anchor is no longer in the chain
}

// New makes a [Log]. It starts no goroutine.
func New(c Config) (*Log, error) {
	if c.DB == nil || c.Key == (vault.Key{}) {
		return nil, errors.New("audit: a database and a key are required")
	}
	if c.ChainEvery < 0 || c.AnchorEvery < 0 {
		return nil, errors.New("audit: an interval must not be negative")
	}
	l := &Log{db: c.DB, mac: newMAC(c.Key[:]), now: c.Now, log: c.Log, chainEvery: c.ChainEvery, anchorEvery: c.AnchorEvery}
	l.head.Store(unknownHead)
	l.notes = database.NewGroup(l.noteBatch)
	if l.now == nil {
		l.now = time.Now
	}
	if l.log == nil {
		l.log = zap.NewNop()
	}
	if l.chainEvery == 0 {
		l.chainEvery = DefaultChainEvery
	}
	if l.anchorEvery == 0 {
		l.anchorEvery = DefaultAnchorEvery
	}
	if c.Metrics != nil {
		if err := c.Metrics.Register(gauges{l}); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// ends are both ends of the chain, as stored in the database. baseMAC signs the base with the chain's key.
type ends struct {
	head, base Anchor
	baseMAC    Hash
}

// readEnds reads both ends; suffix may lock the row.
func readEnds(ctx context.Context, q database.Queries, suffix string) (e ends, err error) {
	var head, base, mac []byte
	err = q.QueryRowContext(ctx, `SELECT position, head_hash, base, base_hash, base_seal FROM audit_chain WHERE id = 1`+suffix).
		Scan(&e.head.Position, &head, &e.base.Position, &base, &mac)
	if err == sql.ErrNoRows {
		err = errors.New("audit: the row of audit_chain is missing")
	}
	if err == nil && (len(head) != len(e.head.Hash) || len(base) != len(e.base.Hash) || len(mac) != len(e.baseMAC)) {
		err = errors.New("audit: the row of audit_chain is damaged")
	}
	if err != nil {
		return ends{}, err
	}
	e.head.Hash, e.base.Hash, e.baseMAC = Hash(head), Hash(base), Hash(mac)
	return e, nil
}

// ends reads both ends and the lowest position of an entry.
func (l *Log) ends(ctx context.Context) (e ends, lowest sql.NullInt64, err error) {
	err = l.db.View(ctx, "read the ends of the audit log", func(ctx context.Context, q database.Queries) (err error) {
		if e, err = readEnds(ctx, q, ""); err != nil {
			return err
		}
		return q.QueryRowContext(ctx, `SELECT MIN(position) FROM audit`).Scan(&lowest)
	})
	return e, lowest, err
}

// State is the state of the chain.
type State struct {
	Head      Anchor // of the newest chained entry
	Unchained int64  // number of unchained entries
	OldestMs  int64  // time of the oldest unchained entry, Unix ms; 0: none
}

// State reads the state of the chain.
func (l *Log) State(ctx context.Context) (s State, err error) {
	err = l.db.View(ctx, "read the state of the audit log", func(ctx context.Context, q database.Queries) error {
		e, err := readEnds(ctx, q, "")
		if err != nil {
			return err
		}
		s.Head = e.head
		return q.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(MIN(at_ms), 0) FROM audit WHERE position IS NULL`).
			Scan(&s.Unchained, &s.OldestMs)
	})
	return s, err
}
