package booking

import (
	"strings"
	"sync/atomic"

	"github.com/railgate/railgate/revocation"
)

// labels numbers texts of which few different ones are in many bookings. Numbers start at 0 and are never reused.
// Readers take no lock. Table.mu guards the map.
type labels struct {
	all     atomic.Pointer[[]string] // by number; elements are never changed
	numbers map[string]uint32
	most    int
	bytes   int
}

func newLabels(most int) *labels {
	l := &labels{numbers: map[string]uint32{}, most: most}
	l.all.Store(new([]string))
	return l
}

// number returns the number of a text, a new one if it has none; ok is false if there is no room.
func (l *labels) number(text string) (number uint32, ok bool) {
	if number, ok = l.numbers[text]; ok {
		return number, true
	}
	all := *l.all.Load()
	if len(all) >= l.most {
		return 0, false
	}
	number, text = uint32(len(all)), strings.Clone(text) // it is a part of a body
	all = append(all, text)                              // in unused capacity, which no reader looks at, or in a copy
	l.all.Store(&all)
	l.numbers[text] = number
	l.bytes += len(text) + 2*16 + 64 // slice and map, about
	return number, true
}

// text returns the text of a number.
func (l *labels) text(number uint64) string { return (*l.all.Load())[number] }

// trip is the part of a booking that everyone who rides the train between two stations has in common.
type trip struct {
	from, to         revocation.Station
	departs, arrives uint32 // Unix seconds
	train            string
}

// tripBytes is about the memory of one trip in slice and map.
const tripBytes = 120

// trips numbers the trips of a day, like labels.
type trips struct {
	all     atomic.Pointer[[]trip]
	numbers map[trip]uint32
}

func (l *trips) init() {
	l.all.Store(new([]trip))
	l.numbers = map[trip]uint32{}
}

// trip returns the trip of a slot's value. The trips are loaded after the value, so they contain it.
func (l *trips) trip(value uint64) *trip { return &(*l.all.Load())[tripOf(value)] }

// number returns the number of a trip; ok is false if it has none.
func (l *trips) number(t *trip) (number uint32, ok bool) {
	number, ok = l.numbers[*t]
	return number, ok
}

// add numbers a trip that has no number.
func (l *trips) add(t *trip) (number uint32) {
	all := *l.all.Load()
	number = uint32(len(all))
	t.train = strings.Clone(t.train)
	all = append(all, *t)
	l.all.Store(&all)
	l.numbers[*t] = number
	return number
}
