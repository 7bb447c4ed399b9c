package passage

import (
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unicode"
	"unicode/utf8"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

// Batch is one message of railgate.passages: passages that one gateway reports under one signature. A passage has
// exactly one encoding, and a message that is opened and encoded again has the same bytes. docs/passback.md
// specifies the format.
type Batch struct {
	Gateway   revocation.GatewayID
	Partition uint16 // of the topic; a batch is valid in it only
	Session   int64  // when the gateway's process started, Unix ms: begins its sequences
	Sequence  uint64 // of the batch among those of (Gateway, Session, Partition), from 1, without gaps
	Issued    int64  // Unix ms
	Passages  []Passage
}

const (
	// MaxBatch bounds a message, bytes.
	MaxBatch = 64 << 10
	// MaxPassages bounds the passages of a batch.
	MaxPassages = 1024
	// AlwaysFit is a number of passages that are within MaxBatch whatever their names.
	AlwaysFit = 400
	// MaxName is the greatest length of the name of a station or device, bytes.
	MaxName = 64

	family  = "RGP"
	version = '1'
)

// Offsets and sizes of the wire form, bytes. Numbers are big-endian.
const (
	offMagic     = 0  // 4, family and version
	offGateway   = 4  // 2
	offPartition = 6  // 2
	offSession   = 8  // 8
	offSequence  = 16 // 8
	offIssued    = 24 // 8
	offPlaces    = 32 // 2, number of places in the dictionary
	offCount     = 34 // 2, number of passages
	headerSize   = 36

	recordSize = 19
	uploadSize = 8
	// hasUpload is the bit of a record's place that says that an upload number follows.
	hasUpload = 1 << 15
)

// Encode returns the bytes that the gateway signs. It returns an error that names the field if the batch has no
// encoding.
func (b *Batch) Encode() ([]byte, error) {
	switch n := len(b.Passages); {
	case n == 0 || n > MaxPassages:
		return nil, fmt.Errorf("passage: a batch of %d passages, want 1 to %d", n, MaxPassages)
	case b.Session < 0 || b.Issued < 0 || b.Sequence == 0:
		return nil, errors.New("passage: a batch has a session, a time and a sequence from 1")
	}
	m := make([]byte, headerSize, headerSize+len(b.Passages)*(recordSize+uploadSize)+1024)
	copy(m[offMagic:], family)
	m[len(family)] = version
	binary.BigEndian.PutUint16(m[offGateway:], uint16(b.Gateway))
	binary.BigEndian.PutUint16(m[offPartition:], b.Partition)
	binary.BigEndian.PutUint64(m[offSession:], uint64(b.Session))
	binary.BigEndian.PutUint64(m[offSequence:], b.Sequence)
	binary.BigEndian.PutUint64(m[offIssued:], uint64(b.Issued))
	places := make(map[Located]uint16, 8)
	for i := range b.Passages {
		p := &b.Passages[i]
		place := Located{p.Station, p.Device}
		if _, known := places[place]; known {
			continue
		}
		if err := place.check(); err != nil {
			return nil, err
		}
		places[place] = uint16(len(places))
		m = append(append(m, byte(len(p.Station))), p.Station...)
		m = append(append(m, byte(len(p.Device))), p.Device...)
	}
	binary.BigEndian.PutUint16(m[offPlaces:], uint16(len(places)))
	binary.BigEndian.PutUint16(m[offCount:], uint16(len(b.Passages)))
	for i := range b.Passages {
		p := &b.Passages[i]
		if err := b.check(p); err != nil {
			return nil, err
		}
		m = b.appendRecord(m, p, places[Located{p.Station, p.Device}])
	}
	if len(m) > MaxBatch-ed25519.SignatureSize {
		return nil, fmt.Errorf("passage: a batch of %d bytes, at most %d", len(m)+ed25519.SignatureSize, MaxBatch)
	}
	return m, nil
}

// check returns why a place has no encoding.
func (l *Located) check() error {
	if !validName(l.Station) || !validName(l.Device) || l.Device == "" {
		return fmt.Errorf("passage: station or device is not a name of at most %d bytes of UTF-8", MaxName)
	}
	return nil
}

// validName reports whether a name can be shown: UTF-8 without control characters. It can be empty.
func validName(name string) bool {
	if len(name) > MaxName || !utf8.ValidString(name) {
		return false
	}
	for _, r := range name {
		if unicode.IsControl(r) {
			return false
		}
	}
	return true
}

// check returns why a passage has no encoding.
func (b *Batch) check(p *Passage) error {
	delta := b.Issued - p.At
	switch {
	case p.Way > Out || p.State > Released || p.Step >= tokens.MaxLength:
		return errors.New("passage: unknown way or state, or a step that no session has")
	case p.Start < 0 || p.Start > math.MaxUint32:
		return errors.New("passage: the start of a session is not a time")
	case delta < -revocation.MaxSkew.Milliseconds() || delta > math.MaxInt32:
		return errors.New("passage: the time of a passage is after its batch, or more than 24 days before")
	}
	return nil
}

// A record is serial (6), session start (4), way, state and step (1), Issued minus time in ms (4, signed), clock
// error in ms (2), place (2), and the number of the upload (8) if there is one.
func (b *Batch) appendRecord(m []byte, p *Passage, place uint16) []byte {
	m = binary.BigEndian.AppendUint16(m, p.Serial.Day)
	m = binary.BigEndian.AppendUint32(m, p.Serial.Index)
	m = binary.BigEndian.AppendUint32(m, uint32(p.Start))
	m = append(m, byte(p.Way)<<7|byte(p.State)<<5|p.Step)
	m = binary.BigEndian.AppendUint32(m, uint32(int32(b.Issued-p.At)))
	m = binary.BigEndian.AppendUint16(m, p.ErrorMS)
	if p.Upload == 0 {
		return binary.BigEndian.AppendUint16(m, place)
	}
	m = binary.BigEndian.AppendUint16(m, place|hasUpload)
	return binary.BigEndian.AppendUint64(m, p.Upload)
}

// readRecord decodes the first record of src into p. ok is false if no passage has this encoding.
func (b *Batch) readRecord(src []byte, p *Passage) (place int, rest []byte, ok bool) {
	if len(src) < recordSize {
		return 0, nil, false
	}
	p.Serial = tokens.Serial{Day: binary.BigEndian.Uint16(src), Index: binary.BigEndian.Uint32(src[2:])}
	p.Start = int64(binary.BigEndian.Uint32(src[6:]))
	p.Way, p.State, p.Step = Way(src[10]>>7), State(src[10]>>5&3), src[10]&31
	p.At = b.Issued - int64(int32(binary.BigEndian.Uint32(src[11:])))
	p.ErrorMS = binary.BigEndian.Uint16(src[15:])
	place, src = int(binary.BigEndian.Uint16(src[17:])), src[recordSize:]
	if place&hasUpload != 0 {
		if len(src) < uploadSize {
			return 0, nil, false
		}
		place &^= hasUpload
		p.Upload, src = binary.BigEndian.Uint64(src), src[uploadSize:]
		if p.Upload == 0 {
			return 0, nil, false
		}
	}
	p.Gateway = b.Gateway
	return place, src, p.At >= 0 && b.check(p) == nil
}
