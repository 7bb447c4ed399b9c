package passage

import (
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// record is a passage with its place as a number, 40 bytes.
type record struct {
	key     uint64 // of the table, with step and state in bits that keys leave free
	at      int64
	upload  uint64
	start   uint32
	place   uint32
	next    uint32 // index + 1 of the next record of the chain; 0: none
	errorMS uint16
	gateway uint16
}

// stepAt and stateAt are the positions of step and state in a record's key.
const (
	stepAt  = 49
	stateAt = 54
	keyOnly = 1<<63 | wayBit | (wayBit - 1)
)

// singles is passages of different serials and ways: records in order of arrival, chained by hash.
type singles struct {
	records        []record
	heads          []uint32 // index + 1 of the first record of a chain
	oldest, latest int64    // At of the records
}

func newSingles(most int) *singles { return &singles{heads: make([]uint32, most)} }

// find returns the index of a key's record. A nil s has none.
func (s *singles) find(key uint64) (i int, found bool) {
	if s == nil {
		return 0, false
	}
	for n := s.heads[s.chain(key)]; n != 0; n = s.records[n-1].next {
		if s.records[n-1].key&keyOnly == key {
			return int(n - 1), true
		}
	}
	return 0, false
}

func (s *singles) chain(key uint64) int { return reduce(scramble(key), len(s.heads)) }

func (s *singles) add(r record) {
	head := &s.heads[s.chain(r.key&keyOnly)]
	r.next = *head
	if len(s.records) == 0 {
		s.oldest, s.latest = r.at, r.at
	}
	s.oldest, s.latest = min(s.oldest, r.at), max(s.latest, r.at)
	s.records = append(s.records, r)
	*head = uint32(len(s.records))
}

func (s *singles) count() int {
	if s == nil {
		return 0
	}
	return len(s.records)
}

// recordOf returns the compact form of a passage; ok is false if its place is new and there is no room for its
// names. c.mu is held.
func (c *Conflicts) recordOf(p Passage) (r record, ok bool) {
	at := Located{p.Station, p.Device}
	place, known := c.places[at]
	if !known {
		if len(c.names) >= MaxPlaces {
			return r, false
		}
		place = uint32(len(c.names))
		c.places[at] = place
		c.names = append(c.names, at)
	}
	return record{key: keyOf(p.Serial, p.Way) | uint64(p.Step)<<stepAt | uint64(p.State)<<stateAt, at: p.At, upload: p.Upload,
		start: uint32(p.Start), place: place, errorMS: p.ErrorMS, gateway: uint16(p.Gateway)}, true
}

// passageOf returns the passage of a record. c.mu is held.
func (c *Conflicts) passageOf(r *record) Passage {
	at := c.names[r.place]
	return Passage{Serial: tokens.Serial{Day: uint16(r.key >> 32), Index: uint32(r.key)}, Way: Way(r.key / wayBit & 1),
		Step: uint8(r.key >> stepAt & stepMask), State: State(r.key >> stateAt & stateMask), At: r.at, Upload: r.upload,
		Start: int64(r.start), Station: at.Station, Device: at.Device, ErrorMS: r.errorMS, Gateway: revocation.GatewayID(r.gateway)}
}
