package crash

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/railgate/railgate/issuance/database"
)

// Of one life, drawn from the plan.
const (
	longestLife  = 1200 * time.Millisecond // once it serves
	longestSpark = 4 * time.Millisecond    // from a message's arrival to the kill
	shortStart   = 250 * time.Millisecond  // a kill before this may find it starting
	// A life begins with a heartbeat to each partition: those are no records.
	firstFuse = partitions + 1
	mostFuse  = 12
)

// spark is what a message does that kills the issuer as it arrives at the broker.
type spark struct {
	lost  bool          // it does not get into the stream
	delay time.Duration // between its arrival and the kill: it may be acknowledged
}

func newSpark(r *rand.Rand) *spark {
	switch r.IntN(3) {
	case 0:
		return &spark{lost: true}
	case 1:
		return &spark{} // it is in the stream, and nobody heard
	}
	return &spark{delay: time.Duration(r.Int64N(int64(longestSpark)))}
}

// burn is told of every message before the broker takes it. An error loses it.
func (h *house) burn() error {
	if h.fuse.Add(-1) != 0 {
		return nil
	}
	l, s := h.life.Load(), h.spark.Load()
	if s.delay > 0 {
		time.AfterFunc(s.delay, l.strike)
		return nil
	}
	l.strike()
	if s.lost {
		return errLost
	}
	return nil
}

var errLost = errors.New("the broker did not get the message")

// liveAndDie is one life and its end: while it starts, at the arrival of a message
// at the broker or a moment after it, or at any time.
func (h *house) liveAndDie(kills int) {
	h.t.Helper()
	r := h.random
	fuse := int64(0)
	starting := kills%8 == 6
	if !starting && r.IntN(2) == 0 {
		fuse = int64(firstFuse + r.IntN(mostFuse))
	}
	lasts := time.Duration(r.Int64N(int64(longestLife)))
	h.spark.Store(newSpark(r))
	h.fuse.Store(fuse)
	h.start()
	l := h.life.Load()
	if starting {
		lasts = time.Duration(r.Int64N(int64(shortStart)))
	} else {
		h.serving()
	}
	if fuse > 0 { // but not for ever: without the lease it says nothing
		lasts = longestLife
	}
	select {
	case <-time.After(lasts):
		l.strike()
	case <-l.ended:
		if !l.struck.Load() {
			h.t.Fatalf("the issuer ended by itself:\n%s", tail(h.said.String()))
		}
	}
	h.gone(l)
	h.fuse.Store(0)
	if (kills+1)%jumpEvery == 0 && h.jumped+clockJump <= mostJumps {
		h.jumped += clockJump
		h.book.mu.Lock()
		h.book.jumps++
		h.book.mu.Unlock()
	}
	// Otherwise the next life has to recover the database, and to wait for the
	// lease, all by itself.
	if r.IntN(3) > 0 {
		h.inspect(func(db *database.DB) {
			h.holdRows(db)
			h.endLease(db)
		})
	}
}

// inspect opens the database beside no issuer.
func (h *house) inspect(look func(db *database.DB)) {
	h.t.Helper()
	db, err := database.Open(h.t.Context(), h.address, h.now())
	if err != nil {
		h.t.Fatal(err)
	}
	defer db.Close()
	look(db)
}

// endLease ends the lease of a publisher that is dead, as three seconds would:
// lives are shorter here.
func (h *house) endLease(db *database.DB) {
	h.t.Helper()
	if _, err := db.Writer().ExecContext(h.t.Context(), `UPDATE publisher_lease SET until_ms = 0`); err != nil {
		h.t.Fatal(err)
	}
}
