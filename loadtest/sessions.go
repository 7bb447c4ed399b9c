package loadtest

import (
	"context"
	"encoding/binary"
	"runtime"
	"sync"
	"time"

	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/tokentest"
)

// FirstIndex is the first serial index of passes that the load test itself makes. Issuers
// count from 0 and do not reach it, so serials never clash.
const FirstIndex = 1 << 31

// oldSessions is the number of sessions for stale codes. A stale code is denied before its
// signature is verified, so repeating them has no effect on the load.
const oldSessions = 512

// sessions holds open sessions in a few large slices without pointers, so the garbage
// collector has no work while latency is measured.
type sessions struct {
	passes []tokens.SignedPass
	starts []int64 // Unix seconds
	first  []uint8 // the earliest step whose link is stored
	links  []tokens.Link
	window int // stored links per session
}

func newSessions(count, window int) *sessions {
	return &sessions{
		passes: make([]tokens.SignedPass, count), starts: make([]int64, count), first: make([]uint8, count),
		links: make([]tokens.Link, count*window), window: window,
	}
}

func (s *sessions) len() int { return len(s.passes) }

// put stores a session with its links from step first.
func (s *sessions) put(i int, pass *tokens.SignedPass, start int64, links []tokens.Link, first int) {
	s.passes[i], s.starts[i], s.first[i] = *pass, start, uint8(first)
	copy(s.links[i*s.window:(i+1)*s.window], links[first:])
}

// step returns the current step at now, Unix seconds.
func (s *sessions) step(i int, now int64) int {
	return max(0, int(now-s.starts[i])/tokens.Period)
}

func (s *sessions) link(i, step int) tokens.Link {
	return s.links[i*s.window+step-int(s.first[i])]
}

// code returns the code that the phone shows in a step.
func (s *sessions) code(i, step int) tokens.Token {
	return tokens.Assemble(&s.passes[i], uint8(step), s.link(i, step))
}

// Ages of sessions at the start of a run.
const (
	sessionLife = tokens.Period * tokens.Length * time.Second
	// minOldAge leaves three complete steps behind, of which two are stale.
	minOldAge = 3*tokens.Period*time.Second + ClockMargin
)

// horizon returns how long sessions must last after they are made.
func horizon(run time.Duration) time.Duration {
	return PrepareWait + run + SendGrace + RequestTimeout + SessionMargin
}

// batch describes sessions to make.
type batch struct {
	count            int
	salt             uint32        // first serial index, above FirstIndex
	youngest, oldest time.Duration // ages
	until            time.Duration // for how long links are stored; sessionLife: all links, past ones too
}

// mint makes sessions whose ages at now, Unix seconds, are spread over the batch's range.
func mint(ctx context.Context, issuer tokentest.Issuer, b batch, now int64) (*sessions, error) {
	whole := b.until >= sessionLife
	window := min(tokens.Length, int(b.until/(tokens.Period*time.Second))+2)
	s := newSessions(b.count, window)
	spread := max(1, int64((b.oldest-b.youngest)/time.Second))
	workers := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < b.count && ctx.Err() == nil; i += workers {
				start := now - int64(b.youngest/time.Second) - scatter(i)%spread
				// Open derives the day from the start: a session that began before
				// midnight belongs to a credential of that day.
				session := issuer.Open(FirstIndex|(b.salt+uint32(i)), start)
				first := 0
				if !whole {
					first = min(int(now-start)/tokens.Period, tokens.Length-window)
				}
				s.put(i, &session.Pass, start, session.Links, first)
			}
		})
	}
	wg.Wait()
	return s, ctx.Err()
}

// scatter maps i to a non-negative number, deterministically: ages must not follow the
// order in which passes are shown.
func scatter(i int) int64 {
	x := uint64(i+1) * 0x9e3779b97f4a7c15
	return int64(x >> 33)
}

// saltOf differs between runs begun at different times, so that serial indexes are not
// repeated in the next run: a fresh pass is also new to a gateway that was loaded before.
func saltOf(start time.Time) uint32 {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(start.UnixNano())*0x9e3779b97f4a7c15)
	return binary.BigEndian.Uint32(b[:]) >> 1
}
