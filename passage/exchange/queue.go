package exchange

import (
	"sync/atomic"

	"github.com/railgate/railgate/passage"
)

// queue is a bounded queue of passages with many writers and one reader. put takes no lock and allocates
// nothing: writers take turns by a compare-and-swap on the next slot's number (the bounded queue of Dmitry
// Vyukov). A channel was refused because all senders share its lock.
type queue struct {
	slots []slot
	mask  uint64
	_     [64 - 32]byte // the reader's and the writers' words are written by different processors
	tail  atomic.Uint64 // number of the next slot to write
	_     [64 - 8]byte
	head  atomic.Uint64 // number of the next slot to read; only the reader changes it
	_     [64 - 8]byte
	// asleep is set by the reader before it waits for wake. The writer that clears it sends.
	asleep atomic.Bool
	wake   chan struct{} // capacity 1
}

// slot has the number n while it may be written as number n, and n+1 while it may be read.
type slot struct {
	number  atomic.Uint64
	passage passage.Passage
}

// newQueue returns a queue for at least size passages.
func newQueue(size int) *queue {
	n := 1
	for n < size {
		n *= 2
	}
	q := &queue{slots: make([]slot, n), mask: uint64(n - 1), wake: make(chan struct{}, 1)}
	for i := range q.slots {
		q.slots[i].number.Store(uint64(i))
	}
	return q
}

// put appends a passage. It returns false if the queue is full.
func (q *queue) put(p *passage.Passage) bool {
	n := q.tail.Load()
	for {
		s := &q.slots[n&q.mask]
		switch at := s.number.Load(); {
		case at == n:
			if !q.tail.CompareAndSwap(n, n+1) {
				n = q.tail.Load()
				continue
			}
			s.passage = *p
			s.number.Store(n + 1)
			if q.asleep.Load() && q.asleep.CompareAndSwap(true, false) {
				q.wake <- struct{}{} // does not block: one send for each time that the reader was asleep
			}
			return true
		case at < n: // not read yet since the last round
			return false
		default: // another writer was faster
			n = q.tail.Load()
		}
	}
}

// take appends up to most passages to dst. Only the reader calls it.
func (q *queue) take(dst []passage.Passage, most int) []passage.Passage {
	for range most {
		n := q.head.Load()
		s := &q.slots[n&q.mask]
		if s.number.Load() != n+1 {
			break
		}
		dst = append(dst, s.passage)
		s.passage = passage.Passage{} // its strings may be freed
		s.number.Store(n + uint64(len(q.slots)))
		q.head.Store(n + 1)
	}
	return dst
}

// wait blocks until there is a passage or done is closed. Only the reader calls it.
func (q *queue) wait(done <-chan struct{}) {
	q.asleep.Store(true)
	if q.waiting() {
		// A passage came before a writer could see that the reader is asleep.
		if !q.asleep.CompareAndSwap(true, false) {
			<-q.wake
		}
		return
	}
	select {
	case <-q.wake:
	case <-done:
		if !q.asleep.CompareAndSwap(true, false) {
			<-q.wake
		}
	}
}

// waiting reports whether take would return a passage.
func (q *queue) waiting() bool {
	n := q.head.Load()
	return q.slots[n&q.mask].number.Load() == n+1
}

// len returns about how many passages wait.
func (q *queue) len() int {
	head := q.head.Load() // first: the tail only grows meanwhile
	return int(q.tail.Load() - head)
}
