package passage

import "time"

// ConflictLine is a [Conflict] as JSON, for lists.
type ConflictLine struct {
	Serial  string      `json:"serial"`
	Way     string      `json:"way"` // entry or exit
	Class   string      `json:"class"`
	GapMS   int64       `json:"gap_ms"`
	LowMS   int64       `json:"low_ms"`  // the gap, less the errors of both clocks
	HighMS  int64       `json:"high_ms"` // the gap, plus the errors of both clocks
	Certain bool        `json:"certain"` // the first use was first whatever the clocks
	First   PassageLine `json:"first"`
	Second  PassageLine `json:"second"`
}

// PassageLine is a [Passage] of a [ConflictLine].
type PassageLine struct {
	At      string `json:"at"` // RFC 3339, UTC, with milliseconds
	ErrorMS uint16 `json:"error_ms"`
	Step    uint8  `json:"step"`
	Station string `json:"station"`
	Device  string `json:"device"`
	Gateway uint16 `json:"gateway"`
	Upload  bool   `json:"upload,omitempty"` // scanned offline and reported later
}

// Line returns the conflict as JSON encodes it.
func (c *Conflict) Line() ConflictLine {
	return ConflictLine{Serial: c.Second.Serial.String(), Way: c.Second.Way.String(), Class: c.Class.String(),
		GapMS: c.GapMS, LowMS: c.LowMS, HighMS: c.HighMS, Certain: c.Certain, First: c.First.line(), Second: c.Second.line()}
}

func (p *Passage) line() PassageLine {
	return PassageLine{At: time.UnixMilli(p.At).UTC().Format("2006-01-02T15:04:05.000Z"), ErrorMS: p.ErrorMS, Step: p.Step,
		Station: p.Station, Device: p.Device, Gateway: uint16(p.Gateway), Upload: p.Upload != 0}
}
