package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/railgate/railgate/revocation"
)

// printer prints messages and counts them.
type printer struct {
	out       io.Writer
	json      bool
	authority *revocation.Authority
	replicas  map[int]*numbering
	visit     func(raw []byte) // instead of printing, for verified batches; nil: print

	messages, heartbeats, records, refused, gaps int
}

// numbering is the position of a partition's numbers, to report gaps and repetitions.
type numbering struct{ epoch, next uint64 }

// messageLine is a message as JSON. Times are RFC 3339 with milliseconds.
type messageLine struct {
	Partition int          `json:"partition"`
	Offset    int64        `json:"offset"`
	Bytes     int          `json:"bytes"`
	Outcome   string       `json:"outcome"` // heartbeat, records, or the reason for refusing it
	Note      string       `json:"note,omitempty"`
	Epoch     uint64       `json:"epoch,omitempty"`
	First     uint64       `json:"first,omitempty"`
	Issued    string       `json:"issued,omitempty"`
	Through   string       `json:"through,omitempty"`
	Records   []recordLine `json:"records,omitempty"`
}

type recordLine struct {
	Number  uint64 `json:"number"`
	Kind    string `json:"kind"`
	At      string `json:"at,omitempty"`
	Serial  string `json:"serial,omitempty"`
	Key     *int   `json:"key,omitempty"`
	Public  string `json:"public,omitempty"`
	Subject string `json:"subject,omitempty"`
	Cutoff  string `json:"cut_off,omitempty"`
	Start   string `json:"start,omitempty"`
	Gateway *int   `json:"gateway,omitempty"`
	Scopes  string `json:"scopes,omitempty"`  // separated by commas
	Station string `json:"station,omitempty"` // hexadecimal, or all
	From    string `json:"from,omitempty"`
	Until   string `json:"until,omitempty"`
	Body    int    `json:"body_bytes,omitempty"` // a booking is not shown
}

// message prints one message of the topic.
func (p *printer) message(partition int, offset int64, value []byte) {
	p.messages++
	l := messageLine{Partition: partition, Offset: offset, Bytes: len(value)}
	b, err := revocation.OpenBatch(value, p.authority)
	switch {
	case err != nil:
		l.Outcome = refusedAs(err)
	case int(b.Partition) != partition:
		l.Outcome = revocation.WrongPartition.String()
	case b.Len() == 0:
		l.Outcome = "heartbeat"
		p.heartbeats++
	default:
		l.Outcome = "records"
		p.records += b.Len()
	}
	if err != nil || int(b.Partition) != partition {
		p.refused++
		p.write(&l)
		return
	}
	if p.visit != nil {
		p.visit(value)
		return
	}
	l.Epoch, l.First, l.Issued = b.Epoch, b.First, clock(b.IssuedAt)
	if b.Through > 0 {
		l.Through = clock(b.Through)
	}
	l.Note = p.compareNumbers(partition, b)
	for number, r := range b.Records() {
		l.Records = append(l.Records, describe(number, &r))
	}
	p.write(&l)
}

// refusedAs returns the outcome that gateways count for an error.
func refusedAs(err error) string {
	switch {
	case errors.Is(err, revocation.ErrNewer):
		return revocation.NewerVersion.String()
	case errors.Is(err, revocation.ErrAuthority):
		return revocation.WrongAuthority.String()
	case errors.Is(err, revocation.ErrSignature):
		return revocation.Forged.String()
	}
	return revocation.Unreadable.String()
}

// compareNumbers compares a batch with its predecessor.
func (p *printer) compareNumbers(partition int, b *revocation.Batch) (note string) {
	after := b.First + uint64(b.Len())
	s := p.replicas[partition]
	switch {
	case s == nil:
		s = &numbering{}
		p.replicas[partition] = s
	case b.Epoch < s.epoch:
		return "old epoch"
	case b.Epoch > s.epoch:
		note = "new epoch"
	case b.First > s.next:
		p.gaps++
		note = fmt.Sprintf("numbers %d to %d are missing", s.next, b.First-1)
	case b.Len() > 0 && after <= s.next, b.Len() == 0 && b.First < s.next:
		return "repeats numbers"
	}
	*s = numbering{b.Epoch, after}
	return note
}

func describe(number uint64, r *revocation.Record) recordLine {
	d := recordLine{Number: number, Kind: r.Kind.String()}
	if r.At != 0 {
		d.At = clock(r.At)
	}
	key, gateway := int(r.Key), int(r.Gateway)
	switch r.Kind {
	case revocation.KindRevoke, revocation.KindUnrevoke, revocation.KindForgive:
		d.Serial = r.Serial.String()
	case revocation.KindAnnounceKey:
		d.Key, d.Public = &key, hex.EncodeToString(r.Public[:])
	case revocation.KindRetireKey:
		d.Key, d.Cutoff = &key, clock(r.Cutoff*1000)
	case revocation.KindExempt:
		d.Key, d.Serial = &key, r.Serial.String()
	case revocation.KindRevokeSubject:
		d.Subject, d.Cutoff = r.Subject.String(), clock(r.Cutoff*1000)
	case revocation.KindRevokeSession:
		d.Serial, d.Start = r.Serial.String(), clock(r.Start*1000)
	case revocation.KindAnnounceGateway:
		d.Gateway, d.Public = &gateway, hex.EncodeToString(r.Public[:])
	case revocation.KindWithdrawGateway:
		d.Gateway, d.Cutoff = &gateway, clock(r.Cutoff*1000)
	case revocation.KindAmnesty, revocation.KindEndAmnesty:
		d.Scopes, d.Station = strings.Join(r.Scopes.Names(), ","), stationText(r.Station)
		d.From, d.Until = clock(r.From*1000), clock(r.Until*1000)
		if r.Kind == revocation.KindEndAmnesty {
			d.Cutoff = clock(r.Cutoff * 1000)
		}
	case revocation.KindBooking:
		d.Body = len(r.Body)
	}
	return d
}

// stationText returns the station as hex digits, or all.
func stationText(s revocation.Station) string {
	if s == (revocation.Station{}) {
		return "all"
	}
	return hex.EncodeToString(s[:])
}

func clock(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }

func (p *printer) write(l *messageLine) {
	if p.visit != nil {
		return
	}
	if p.json {
		text, err := json.Marshal(l)
		if err != nil {
			panic("BUG: a message cannot be encoded as JSON: " + err.Error())
		}
		fmt.Fprintf(p.out, "%s\n", text)
		return
	}
	fmt.Fprintf(p.out, "%d %9d  %-9s", l.Partition, l.Offset, l.Outcome)
	if l.Epoch != 0 {
		fmt.Fprintf(p.out, "  epoch %d  number %d  issued %s", l.Epoch, l.First, l.Issued)
		if l.Through != "" {
			fmt.Fprintf(p.out, "  through %s", l.Through)
		}
	} else {
		fmt.Fprintf(p.out, "  %d bytes", l.Bytes)
	}
	if l.Note != "" {
		fmt.Fprintf(p.out, "  (%s)", l.Note)
	}
	fmt.Fprintln(p.out)
	for _, r := range l.Records {
		fmt.Fprintf(p.out, "  %12d  %-16s", r.Number, r.Kind)
		if r.Key != nil {
			fmt.Fprintf(p.out, "  key %d", *r.Key)
		}
		if r.Gateway != nil {
			fmt.Fprintf(p.out, "  gateway %d", *r.Gateway)
		}
		for _, f := range [][2]string{{"", r.Serial}, {"subject ", r.Subject}, {"cutoff ", r.Cutoff}, {"start ", r.Start}, {"public ", r.Public},
			{"scopes ", r.Scopes}, {"station ", r.Station}, {"from ", r.From}, {"until ", r.Until}, {"accepted ", r.At}} {
			if f[1] != "" {
				fmt.Fprintf(p.out, "  %s%s", f[0], f[1])
			}
		}
		if r.Body > 0 {
			fmt.Fprintf(p.out, "  %d bytes", r.Body)
		}
		fmt.Fprintln(p.out)
	}
}

func (p *printer) summary() string {
	return fmt.Sprintf("%d messages: %d heartbeats, %d records, %d refused, %d gaps", p.messages, p.heartbeats, p.records, p.refused, p.gaps)
}
