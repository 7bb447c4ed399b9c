package exchange

import (
	"sync"
	"testing"
	"time"

	"github.com/railgate/railgate/passage"
)

// Every passage of many writers comes out once, and those of one writer in their order.
func TestQueueLosesAndReordersNothing(t *testing.T) {
	const writers, each = 8, 20_000
	q := newQueue(64)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				p := passage.Passage{Gateway: 1, At: int64(i), Start: int64(w)}
				for !q.put(&p) {
					time.Sleep(time.Microsecond)
				}
			}
		})
	}
	var next [writers]int64
	done := make(chan struct{})
	for read := 0; read < writers*each; {
		q.wait(done)
		for _, p := range q.take(nil, 50) {
			if p.At != next[p.Start] {
				t.Fatalf("writer %d: passage %d, want %d", p.Start, p.At, next[p.Start])
			}
			next[p.Start]++
			read++
		}
	}
	all.Wait()
	if q.waiting() {
		t.Error("there is one passage too many")
	}
	close(done)
	q.wait(done) // returns
}

func TestFullQueueRefusesTheNewest(t *testing.T) {
	q := newQueue(5)
	p := passage.Passage{}
	for p.At = range int64(8) { // the next power of two
		if !q.put(&p) {
			t.Fatalf("full after %d", p.At)
		}
	}
	for range 3 {
		if p.At = 99; q.put(&p) {
			t.Fatal("the ninth passage was taken")
		}
	}
	if got := q.take(nil, 1); len(got) != 1 || got[0].At != 0 {
		t.Fatalf("%+v", got)
	}
	if p.At = 8; !q.put(&p) {
		t.Error("no room although one was taken")
	}
	got := q.take(nil, 100)
	for i := range got {
		if got[i].At != int64(i+1) {
			t.Errorf("%d is at %d", got[i].At, i)
		}
	}
	if len(got) != 8 {
		t.Errorf("%d were left, want 8", len(got))
	}
}

func TestPutAllocatesNothing(t *testing.T) {
	q := newQueue(1 << 16)
	p := passage.Passage{Station: "北京南", Device: "gate-1"}
	if n := testing.AllocsPerRun(1000, func() { q.put(&p) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
