package bundle

import (
	"cmp"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/passage"
	"github.com/railgate/railgate/tokens"
)

// passages appends the time from which passages are included, the reach, and the passages by serial: the number
// of days, for each its distance to the day before (the first: the day), the number of its passages less 1, and
// for each the distance of its index to the index before (the first: the index), which is 0 for a second passage
// of a serial, way, state and step in one byte, and the time since SinceMS, ms.
func (w *writer) passages(p *Passages) {
	w.u64(uint64(p.SinceMS))
	w.u8(uint8(p.Reach))
	list, days := p.List, 0
	for i := range list {
		if i == 0 || list[i].Serial.Day != list[i-1].Serial.Day {
			days++
		}
	}
	w.number(uint64(days))
	last := -1
	for len(list) > 0 {
		day, n := list[0].Serial.Day, 1
		for n < len(list) && list[n].Serial.Day == day {
			n++
		}
		w.number(uint64(int(day) - last - 1))
		w.number(uint64(n - 1))
		last = int(day)
		index := uint32(0)
		for i := range list[:n] {
			w.number(uint64(list[i].Serial.Index - index))
			w.u8(list[i].head())
			w.number(uint64(list[i].AtMS - p.SinceMS))
			index = list[i].Serial.Index
		}
		list = list[n:]
	}
}

func (r *reader) passages() *Passages {
	p := &Passages{SinceMS: r.time(), Reach: passage.Reach(r.u8())}
	r.require(p.Reach <= passage.Exact)
	day := -1
	for days := r.count(5); days > 0 && !r.failed; days-- {
		day += 1 + int(r.number(1<<16-1))
		r.require(day < 1<<16)
		index := uint64(0)
		for n := 1 + r.count(3); n > 0 && !r.failed; n-- {
			index += r.number(1<<32 - 1)
			head := r.u8()
			v := Passage{tokens.Serial{Day: uint16(day), Index: uint32(index)}, passage.Way(head >> 7), passage.State(head >> 5 & 3),
				head & 31, p.SinceMS + int64(r.number(1<<40))}
			r.require(index < 1<<32 && v.State <= passage.Released && v.Step < tokens.MaxLength && v.AtMS >= 0 &&
				(len(p.List) == 0 || comparePassages(p.List[len(p.List)-1], v) < 0))
			p.List = append(p.List, v)
		}
	}
	return p
}

func (w *writer) bookings(b *Bookings) {
	w.text(b.Train)
	w.u64(uint64(b.WatermarkMS))
	whole := uint8(0)
	if b.Whole {
		whole = 1
	}
	w.u8(whole)
	w.number(uint64(len(b.Lost)))
	for _, day := range b.Lost {
		w.u16(day)
	}
	w.number(uint64(len(b.Bodies)))
	for _, body := range b.Bodies {
		w.text(body)
	}
}

func (r *reader) bookings() *Bookings {
	b := &Bookings{Train: r.text(), WatermarkMS: r.time()}
	whole := r.u8()
	r.require(len(b.Train) > 0 && len(b.Train) <= maxDevice && whole <= 1)
	b.Whole = whole == 1
	for n := r.count(2); n > 0 && !r.failed; n-- {
		day := r.u16()
		r.require(len(b.Lost) == 0 || b.Lost[len(b.Lost)-1] < day)
		b.Lost = append(b.Lost, day)
	}
	for n := r.count(2); n > 0 && !r.failed; n-- {
		body := r.text()
		r.require(isOf(b.Train, body) && (len(b.Bodies) == 0 || cmp.Less(b.Bodies[len(b.Bodies)-1], body)))
		b.Bodies = append(b.Bodies, body)
	}
	return b
}

// isOf reports whether body is a booking of the train. Cancelled bookings are left out of a bundle.
func isOf(train, body string) bool {
	b, err := booking.Parse(body)
	return err == nil && !b.Cancelled && b.Train == train
}
