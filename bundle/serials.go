package bundle

import (
	"math/bits"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// A set of serials is encoded by railway day and by page of 65,536 indexes. Each page has the shortest of three
// forms, and of equally short ones the first:
//
//   - gaps: the number of indexes before each serial that are not in the set;
//   - bitmap: one bit per index, 8,192 bytes;
//   - runs: for each run of consecutive serials the indexes before it and its length less 1.
//
// With 2 % of 50 million serials in the set gaps take 1 byte for almost every serial; no set takes more than a
// bit and a few bytes a page for each issued serial.
const (
	pageSerials = 1 << 16
	bitmapBytes = pageSerials / 8

	pageGaps   = 0
	pageBitmap = 1
	pageRuns   = 2

	// maxPages bounds the pages of one section, which a reader holds in 8 KiB each: 268 million issued serials.
	maxPages = 4096
)

// serials appends a set: the number of days, and for each day its distance to the day before (the first: the
// day), the number of pages less 1, and the pages.
func (w *writer) serials(set *revocation.Set) {
	type day struct {
		number uint16
		pages  int
		body   writer
		last   int
	}
	var days []*day
	var page []uint16
	number := 0
	flush := func() {
		if len(page) == 0 {
			return
		}
		d := days[len(days)-1]
		d.body.number(uint64(number - d.last - 1))
		d.body.page(page)
		d.last, d.pages, page = number, d.pages+1, page[:0]
	}
	for s := range set.All() {
		newDay := len(days) == 0 || days[len(days)-1].number != s.Day
		if at := int(s.Index / pageSerials); newDay || at != number {
			flush()
			number = at
		}
		if newDay {
			days = append(days, &day{number: s.Day, last: -1})
		}
		page = append(page, uint16(s.Index%pageSerials))
	}
	flush()
	w.number(uint64(len(days)))
	last := -1
	for _, d := range days {
		w.number(uint64(int(d.number) - last - 1))
		w.number(uint64(d.pages - 1))
		w.bytes(d.body.b)
		last = int(d.number)
	}
}

// page appends the form of a page and its content. indexes are ascending and not empty.
func (w *writer) page(indexes []uint16) {
	gaps, runs := writer{}, writer{}
	last, from, count := -1, 0, 0
	for i, index := range indexes {
		gaps.number(uint64(int(index) - last - 1))
		if i == len(indexes)-1 || int(indexes[i+1]) != int(index)+1 {
			length := i - from + 1
			start := int(index) - length + 1
			runs.number(uint64(start - runsEnd(indexes, from) - 1))
			runs.number(uint64(length - 1))
			from, count = i+1, count+1
		}
		last = int(index)
	}
	var head writer
	head.number(uint64(count - 1))
	runBytes := len(head.b) + len(runs.b)
	head.b = head.b[:0]
	head.number(uint64(len(indexes) - 1))
	gapBytes := len(head.b) + len(gaps.b)
	switch {
	case gapBytes <= bitmapBytes && gapBytes <= runBytes:
		w.u8(pageGaps)
		w.number(uint64(len(indexes) - 1))
		w.bytes(gaps.b)
	case bitmapBytes <= runBytes:
		w.u8(pageBitmap)
		at := len(w.b)
		w.b = append(w.b, make([]byte, bitmapBytes)...)
		for _, index := range indexes {
			w.b[at+int(index)/8] |= 1 << (index % 8)
		}
	default:
		w.u8(pageRuns)
		w.number(uint64(count - 1))
		w.bytes(runs.b)
	}
}

// runsEnd returns the last index of the run before the one that begins at indexes[from]; -1: there is none.
func runsEnd(indexes []uint16, from int) int {
	if from == 0 {
		return -1
	}
	return int(indexes[from-1])
}

// serials reads a set and adds it to into.
func (r *reader) serials(into *revocation.Set) {
	day, left := -1, maxPages
	indexes := make([]uint16, 0, 2048)
	for days := r.count(4); days > 0 && !r.failed; days-- {
		day += 1 + int(r.number(1<<16-1))
		r.require(day < 1<<16)
		number := -1
		for pages := 1 + r.count(3); pages > 0 && !r.failed; pages-- {
			number += 1 + int(r.number(1<<16-1))
			left--
			r.require(number < 1<<16 && left >= 0)
			if indexes = r.page(indexes[:0]); r.failed {
				return
			}
			for _, index := range indexes {
				into.Add(tokens.Serial{Day: uint16(day), Index: uint32(number)*pageSerials + uint32(index)})
			}
		}
	}
}

// page reads a page and appends its indexes to indexes, which is empty. A page in another form than the writer
// would choose is a fault, so that every set has one encoding.
func (r *reader) page(indexes []uint16) []uint16 {
	from := r.rest
	switch r.u8() {
	case pageGaps:
		next := 0
		for n := 1 + r.count(1); n > 0 && !r.failed; n-- {
			next += int(r.number(pageSerials - 1))
			if r.require(next < pageSerials); !r.failed {
				indexes = append(indexes, uint16(next))
			}
			next++
		}
	case pageBitmap:
		for at, b := range r.bytes(bitmapBytes) {
			for ; b != 0; b &= b - 1 {
				indexes = append(indexes, uint16(at*8+bits.TrailingZeros8(b)))
			}
		}
	case pageRuns:
		next := 0
		for n := 1 + r.count(2); n > 0 && !r.failed; n-- {
			next += int(r.number(pageSerials - 1))
			length := 1 + int(r.number(pageSerials-1))
			if r.require(next+length <= pageSerials); r.failed {
				return indexes
			}
			for range length {
				indexes = append(indexes, uint16(next))
				next++
			}
		}
	default:
		r.failed = true
	}
	if r.require(len(indexes) > 0); r.failed {
		return indexes
	}
	var again writer
	again.page(indexes)
	r.require(string(again.b) == string(from[:len(from)-len(r.rest)]))
	return indexes
}
