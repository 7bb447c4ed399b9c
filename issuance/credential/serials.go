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

// IndexEnd is the first serial index of a day that is never given: the upper half is for
// load tests.
const IndexEnd = 1 << 31

var errDayFull = errors.New("credential: no serial of the day is free")

// serialBlock is how many indexes an issuer reserves together (hi-lo): issuers on one
// database never give one index twice, and do not wait for each other's commits. The
// unused indexes of a block are lost when a process ends: gateways keep a bit for each.
const serialBlock = 256

// serialBlocks hands out the indexes of the blocks that this process has reserved. A block
// is durable before its first index is given.
type serialBlocks struct {
	db *database.DB

	taking chan struct{} // capacity 1: one block is reserved at a time

	mu   sync.Mutex
	free map[uint16][]uint32 // guarded by mu; by day, the next one last; at most maxDays
}

// maxDays bounds the days with free indexes: requests are for today, except around midnight
// and while clocks are set.
const maxDays = 3

func newSerials(db *database.DB) *serialBlocks {
	return &serialBlocks{db: db, taking: make(chan struct{}, 1), free: make(map[uint16][]uint32)}
}

// takeSerial gives a serial of the day.
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
	if index, ok := s.popIndex(day); ok { // another call has reserved a block meanwhile
		return tokens.Serial{Day: day, Index: index}, nil
	}
	var end int64
	err := s.db.Change(ctx, "reserve serials", func(ctx context.Context, tx *sql.Tx) error {
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

// giveBack returns an index that was certainly not used.
func (s *serialBlocks) giveBack(serial tokens.Serial) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.free[serial.Day]; ok {
		s.free[serial.Day] = append(s.free[serial.Day], serial.Index)
	}
}

// SerialJump is how far the indexes of a day are advanced after a restore, past those that
// may have been given since the backup. Our choice: 16.8 million credentials, more than any
// day has. A day has room for 128 such jumps, and gateways store nothing for indexes that
// are not revoked.
const SerialJump = 1 << 24

// Day is a railway day and the index of its next credential.
type Day struct {
	Day  uint16
	Next int64
}

// JumpSerials advances the indexes of every day on which an approval can still happen or a
// credential live: yesterday, today, and tomorrow for a clock that was ahead around midnight.
// A day that the backup does not know may have had most approvals since.
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
