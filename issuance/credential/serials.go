package credential

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/tokens"
)

// IndexEnd is the first serial index of a day that is never given: the upper
// half belongs to load tests.
const IndexEnd = 1 << 31

var errDayFull = errors.New("credential: every serial of the day is given")

// serialBlock is how many indexes an issuer takes at once (hi-lo): issuers that
// share a database never give one index twice, and none waits for another to
// commit. What is left of a block when a process ends is never given: gateways
// keep a bit for it.
const serialBlock = 256

// serialBlocks hands out the indexes of the blocks that this process has taken. A
// block is durable before the first of its indexes is given.
type serialBlocks struct {
	db *database.DB

	taking chan struct{} // a place for one: one block is taken at a time

	mu   sync.Mutex
	free map[uint16][]uint32 // mu; by day, the next one last; at most maxDays
}

// maxDays bounds the days with free indexes: only today's are asked for, but
// around midnight, and while clocks are set.
const maxDays = 3

func newSerials(db *database.DB) *serialBlocks {
	return &serialBlocks{db: db, taking: make(chan struct{}, 1), free: make(map[uint16][]uint32)}
}

// takeSerial gives an index of the day.
func (s *serialBlocks) takeSerial(ctx context.Context, day uint16) (tokens.Serial, error) {
	if index, ok := s.popIndex(day); ok {
		return tokens.Serial{Day: day, Index: index}, nil
	}
	select {
	case s.taking <- struct{}{}:
		defer func() { <-s.taking }()
	case <-ctx.Done():
		return tokens.Serial{}, ctx.Err()
	}
	if index, ok := s.popIndex(day); ok { // another has taken a block meanwhile
		return tokens.Serial{Day: day, Index: index}, nil
	}
	var end int64
	err := s.db.Change(ctx, "take serials", func(ctx context.Context, tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `
			INSERT INTO serials (day, next_index) VALUES ($1, $2)
			ON CONFLICT (day) DO UPDATE SET next_index = serials.next_index + $2 WHERE serials.next_index + $2 <= $3
			RETURNING next_index`, int64(day), serialBlock, IndexEnd).Scan(&end)
	})
	if errors.Is(err, database.ErrNotFound) {
		err = errDayFull
	}
	if err != nil {
		return tokens.Serial{}, fmt.Errorf("day %d: %w", day, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for old := range s.free {
		if len(s.free) >= maxDays && old != day {
			delete(s.free, old)
		}
	}
	for i := range int64(serialBlock) - 1 {
		s.free[day] = append(s.free[day], uint32(end-1-i))
	}
	return tokens.Serial{Day: day, Index: uint32(end - serialBlock)}, nil
}

func (s *serialBlocks) popIndex(day uint16) (index uint32, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := s.free[day]
	if len(left) == 0 {
		return 0, false
	}
	s.free[day] = left[:len(left)-1]
	return left[len(left)-1], true
}

// giveBack returns an index that certainly was not used.
func (s *serialBlocks) giveBack(serial tokens.Serial) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.free[serial.Day]; ok {
		s.free[serial.Day] = append(s.free[serial.Day], serial.Index)
	}
}

// SerialJump is how far the indexes of a day jump over those that may have been
// given since the copy. Ours: 16.8 million credentials, more than any day has; a day
// has room for 128 such jumps, and gateways keep nothing for indexes that are not
// revoked.
const SerialJump = 1 << 24

// Day is a railway day and the index that its next credential gets.
type Day struct {
	Day  uint16
	Next int64
}

// JumpSerials raises the indexes of every day that an approval can have: those that live,
// and the next, for a clock that was ahead around midnight. A day that the copy does
// not know yet is the one of which most was given since.
func JumpSerials(ctx context.Context, tx *sql.Tx, at database.Millis) (days []Day, err error) {
	today := tokens.DayOf(at.Seconds())
	for day := today - 1; day <= today+1; day++ {
		d := Day{Day: uint16(day)}
		err := tx.QueryRowContext(ctx, `
			INSERT INTO serials (day, next_index) VALUES ($1, $2)
			ON CONFLICT (day) DO UPDATE SET next_index = serials.next_index + $2
			RETURNING next_index`, day, SerialJump).Scan(&d.Next)
		if err != nil {
			return nil, err
		}
		days = append(days, d)
	}
	return days, nil
}
