package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/railgate/railgate/issuance/audit"
	"github.com/railgate/railgate/issuance/database"
)

// MaxPartitions bounds the partitions of a stream.
const MaxPartitions = 64

// What methods return besides failures of the database.
var (
	ErrNotFound      = database.ErrNotFound
	ErrCheckUnusable = errors.New("store: check is unknown, used or too old")
	ErrLeft          = errors.New("store: the access token opens nothing any more")
	ErrDayFull       = errors.New("store: every serial of the day is given")
	ErrKeyBound      = errors.New("store: key id was announced with another public key")
	ErrKeyWeak       = errors.New("store: gateways refuse this public key")
	ErrKeyCutOff     = errors.New("store: key is cut off at that time")
	ErrStartTaken    = errors.New("store: another session of the application starts in that second")
)

// Config says which database, and how its stream is shaped.
type Config struct {
	// Database is what database.Open takes.
	Database string
	// Partitions of the control stream, 1 to MaxPartitions. A database keeps the
	// number it was made with: Open refuses another.
	Partitions int
	// Topic is the control topic. A database keeps the first one it is opened with:
	// Open refuses another. "": the topic is neither noted nor compared, for what
	// does not publish.
	Topic string
	// Move opens a database whatever its topic and partitions are, for MoveStream only.
	Move bool
	// Now dates a new database: it becomes the stream's epoch. nil: time.Now.
	Now func() time.Time
}

// Store is what the issuer keeps of credentials and of the stream. It is safe
// for many goroutines at once.
type Store struct {
	db         *database.DB
	trail      *audit.Trail // of SetTrail; nil: what belongs into the audit log is refused
	partitions int
	topic      string
	holder     string // of the publisher's lease
	wake       func(partition int)
	serials    *serialBlocks
	writes     *database.Group[change]
	streams    *database.Group[streamed]
	revoking   chan struct{} // a place for each revocation at work on PostgreSQL
	finds      *database.Group[find]
	viewings   *database.Group[find]
}

// Open opens the database and finds or makes the stream.
func Open(ctx context.Context, c Config) (*Store, error) {
	if c.Partitions < 1 || c.Partitions > MaxPartitions {
		return nil, fmt.Errorf("store: partitions must be 1 to %d", MaxPartitions)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	db, err := database.Open(ctx, c.Database, c.Now())
	if err != nil {
		return nil, err
	}
	s := &Store{db: db, partitions: c.Partitions, topic: c.Topic, holder: newHolder(), serials: newSerials(db)}
	s.writes, s.finds, s.viewings = database.NewGroup(s.together), database.NewGroup(s.findAll), database.NewGroup(s.viewAll)
	s.streams, s.revoking = database.NewGroup(s.streamTogether), make(chan struct{}, mostRevoking)
	if !c.Move {
		err = s.openStream(ctx, c.Now())
	}
	if err != nil {
		db.Close()
		return nil, err
	}
	return s, nil
}

// SetTrail gives the store the audit log that its acts are entered into. Until then
// every act that must be entered fails. Call it before the store is shared.
func (s *Store) SetTrail(t *audit.Trail) { s.trail = t }

// Close ends the connections; what was acknowledged stays.
func (s *Store) Close() error { return s.db.Close() }

// Database is where the store lives: others keep their tables in it, too.
func (s *Store) Database() *database.DB { return s.db }

// Dialect is "sqlite" or "postgres".
func (s *Store) Dialect() string { return s.db.Name }
