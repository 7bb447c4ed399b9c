// Package audit is the trail of what staff, operators and the issuer itself did:
// who, in which role, to what, when. It is appended to and never changed, and its
// entries hang together by a chain of keyed hashes.
//
// It promises:
//   - Append writes in the transaction of the act: both happen or neither.
//   - Appenders never wait for each other. Entries arrive unsealed; Seal, about
//     every second, gives each its place in the chain, without gaps and once.
//   - Verify finds a sealed entry that was changed, removed, inserted or moved, by
//     whoever lacks the chain's key, and names the first position that is wrong. A
//     tail that was cut off, or a whole chain that somebody with the key made anew,
//     it finds against an Anchor that was kept outside the database: Run logs one
//     every minute.
//   - An entry is sealed only with a proof that a holder of the chain's key wrote it,
//     and once: what was added, changed or copied in the database by other means stays
//     unsealed, is counted and logged by Run, and is named by Verify.
//   - The database refuses what only a slip of ours would ask for: a change of an
//     entry, and the deletion of one that was not archived (0006_audit.sql).
//
// It does not show that an entry was deleted before it was sealed, for about a second.
// It hides nothing: the trail is readable, so nothing personal may be put there. An
// entry says what the issuer did, not that the person behind a shared credential did it.
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

// How often Run works unless Config says otherwise. Ours: an entry is open to a
// change for about a second, and a cut tail is noticed to the minute.
const (
	DefaultChainEvery  = time.Second
	DefaultAnchorEvery = time.Minute
)

// Config is what a Trail needs.
type Config struct {
	DB  *database.DB
	Key vault.Key // of the chain; Vault.AuditKey
	// Now is the clock of ages; nil is time.Now.
	Now func() time.Time
	Log *zap.Logger // nil: none
	// Metrics takes what run.go describes; nil: none.
	Metrics prometheus.Registerer

	ChainEvery  time.Duration // 0: DefaultSealEvery
	AnchorEvery time.Duration // 0: DefaultAnchorEvery
}

// Log seals, verifies and reads the trail of one database. It is safe for many
// goroutines at once, and for several issuers on one database.
type Log struct {
	db          *database.DB
	mac         func([]byte) Hash
	now         func() time.Time
	log         *zap.Logger
	sealEvery   time.Duration
	anchorEvery time.Duration

	notes *database.Group[Entry]

	sealFailures atomic.Uint64
	head         atomic.Int64             // newest sealed position seen; unknownHead at first
	refused      atomic.Pointer[refusals] // what the last Seal passed over; nil: none has run
	lost         atomic.Bool              // an anchor that this Trail gave is no longer in the chain
}

// New makes a Trail; it starts nothing.
func New(c Config) (*Log, error) {
	if c.DB == nil || c.Key == (vault.Key{}) {
		return nil, errors.New("audit: a database and a key are needed")
	}
	if c.ChainEvery < 0 || c.AnchorEvery < 0 {
		return nil, errors.New("audit: an interval must not be below 0")
	}
	t := &Log{db: c.DB, mac: newMAC(c.Key[:]), now: c.Now, log: c.Log, sealEvery: c.ChainEvery, anchorEvery: c.AnchorEvery}
	t.head.Store(unknownHead)
	t.notes = database.NewGroup(t.noteTogether)
	if t.now == nil {
		t.now = time.Now
	}
	if t.log == nil {
		t.log = zap.NewNop()
	}
	if t.sealEvery == 0 {
		t.sealEvery = DefaultChainEvery
	}
	if t.anchorEvery == 0 {
		t.anchorEvery = DefaultAnchorEvery
	}
	if c.Metrics != nil {
		if err := c.Metrics.Register(gauges{t}); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// ends are both ends of the chain, as the database tells them.
type ends struct {
	head, base Anchor
	seal       Hash
}

// readEnds reads them; suffix may lock them.
func readEnds(ctx context.Context, q database.Queries, suffix string) (e ends, err error) {
	var head, base, seal []byte
	err = q.QueryRowContext(ctx, `SELECT position, head_hash, base, base_hash, base_seal FROM audit_chain WHERE id = 1`+suffix).
		Scan(&e.head.Position, &head, &e.base.Position, &base, &seal)
	if err == sql.ErrNoRows {
		err = errors.New("audit: the row of audit_chain is missing")
	}
	if err == nil && (len(head) != len(e.head.Hash) || len(base) != len(e.base.Hash) || len(seal) != len(e.seal)) {
		err = errors.New("audit: the row of audit_chain is damaged")
	}
	if err != nil {
		return ends{}, err
	}
	e.head.Hash, e.base.Hash, e.seal = Hash(head), Hash(base), Hash(seal)
	return e, nil
}

// ends reads both ends and the lowest place that an entry has.
func (t *Log) ends(ctx context.Context) (e ends, lowest sql.NullInt64, err error) {
	err = t.db.View(ctx, "find the trail's ends", func(ctx context.Context, q database.Queries) (err error) {
		if e, err = readEnds(ctx, q, ""); err != nil {
			return err
		}
		return q.QueryRowContext(ctx, `SELECT MIN(position) FROM audit`).Scan(&lowest)
	})
	return e, lowest, err
}

// State is where the trail stands.
type State struct {
	Head      Anchor // of the newest sealed entry
	Unchained int64  // entries that wait
	OldestMs  int64  // when the oldest of them was done, Unix ms; 0: none waits
}

// State asks where the trail stands.
func (t *Log) State(ctx context.Context) (s State, err error) {
	err = t.db.View(ctx, "ask where the trail stands", func(ctx context.Context, q database.Queries) error {
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
