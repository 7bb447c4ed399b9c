package revocation

import (
	"maps"
	"sync/atomic"

	"github.com/railgate/railgate/tokens"
)

// MaxForgiven bounds the forgiven serials that a replica stores, about 13 MB. Staff forgive one person at a
// time; for a station or a night there are amnesties. A record beyond the bound is counted and has no effect:
// the passenger is refused a second passage until the window has passed.
const MaxForgiven = 1 << 18

// forgiven maps serials to the time up to which their passages do not count, Unix ms. until takes no lock;
// Replica.mu guards changes. The shards, selected by the low byte of the index, limit how many entries are
// copied when one is added.
type forgiven struct {
	shards [256]atomic.Pointer[map[tokens.Serial]int64] // each replaced whole
	count  int
	most   int // serials; 0: MaxForgiven
}

// forgivenBytes is approximately the memory of one serial.
const forgivenBytes = 48

// until returns the time up to which passages of the serial do not count, Unix ms; 0: all passages count.
func (f *forgiven) until(serial tokens.Serial) int64 {
	m := f.shards[byte(serial.Index)].Load()
	if m == nil {
		return 0
	}
	return (*m)[serial]
}

// add stores a time, never an earlier one than before. fits is false if there is no room.
func (f *forgiven) add(serial tokens.Serial, at int64) (changed, fits bool) {
	was := f.until(serial)
	if was >= at {
		return false, true
	}
	if was == 0 {
		if f.count >= f.limit() {
			return false, false
		}
		f.count++
	}
	shard := &f.shards[byte(serial.Index)]
	grown := map[tokens.Serial]int64{}
	if m := shard.Load(); m != nil {
		grown = maps.Clone(*m)
	}
	grown[serial] = at
	shard.Store(&grown)
	return true, true
}

func (f *forgiven) limit() int {
	if f.most == 0 {
		return MaxForgiven
	}
	return f.most
}

// load adds the serials of a snapshot, at most [MaxForgiven], to an empty set.
func (f *forgiven) load(all []ForgivenSerial) {
	var shards [len(f.shards)]map[tokens.Serial]int64
	for _, s := range all {
		shard := &shards[byte(s.Serial.Index)]
		if *shard == nil {
			*shard = map[tokens.Serial]int64{}
		}
		(*shard)[s.Serial] = s.Until
	}
	for i := range shards {
		if shards[i] != nil {
			f.shards[i].Store(&shards[i])
		}
	}
	f.count = len(all)
}

// forget drops the serials of days that are over at now, Unix seconds.
func (f *forgiven) forget(now int64) (dropped int) {
	over := func(s tokens.Serial, _ int64) bool { return now >= tokens.DayOver(s.Day) }
	for i := range f.shards {
		m := f.shards[i].Load()
		if m == nil {
			continue
		}
		left := maps.Clone(*m)
		maps.DeleteFunc(left, over)
		if n := len(*m) - len(left); n > 0 {
			dropped += n
			f.shards[i].Store(&left)
		}
	}
	f.count -= dropped
	return dropped
}

// ForgivenSerial is a serial whose passages up to a time do not count.
type ForgivenSerial struct {
	Serial tokens.Serial
	Until  int64 // Unix ms, inclusive
}

func compareForgiven(a, b ForgivenSerial) int { return compareSerials(a.Serial, b.Serial) }

func compareSerials(a, b tokens.Serial) int {
	if a.Day != b.Day {
		return int(a.Day) - int(b.Day)
	}
	return int(int64(a.Index) - int64(b.Index))
}

// all returns the serials in no particular order.
func (f *forgiven) all() (list []ForgivenSerial) {
	for i := range f.shards {
		if m := f.shards[i].Load(); m != nil {
			for serial, until := range *m {
				list = append(list, ForgivenSerial{serial, until})
			}
		}
	}
	return list
}

// Forgiven returns the time up to which passages of the serial do not count, Unix ms, inclusive; 0: all
// passages count. It takes no lock.
func (r *Replica) Forgiven(serial tokens.Serial) int64 { return r.forgiven.until(serial) }
