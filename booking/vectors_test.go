package booking_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/railgate/railgate/booking"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/tokens"
)

var update = flag.Bool("update", false, "write the test vectors into testdata")

// hexed is bytes, in JSON their hexadecimal digits.
type hexed string

func (h hexed) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString([]byte(h))), nil }

func (h *hexed) UnmarshalText(text []byte) error {
	raw, err := hex.DecodeString(string(text))
	*h = hexed(raw)
	return err
}

// wireVector is a body and its fields; Fields is nil if the body is refused.
type wireVector struct {
	Name   string  `json:"name"`
	Body   hexed   `json:"body"`
	Fields *fields `json:"fields,omitempty"`
}

// fields are those of a booking, without the fields that a cancellation does not have.
type fields struct {
	Ticket    string `json:"ticket"` // 16 hexadecimal digits
	Day       uint16 `json:"day"`
	Subject   hexed  `json:"subject"`
	Cancelled bool   `json:"cancelled"`
	From      hexed  `json:"from"`
	To        hexed  `json:"to"`
	Train     string `json:"train,omitempty"`
	Departs   int64  `json:"departs,omitempty"` // Unix seconds
	Arrives   int64  `json:"arrives,omitempty"`
	Coach     string `json:"coach,omitempty"`
	Seat      string `json:"seat,omitempty"`
}

func fieldsOf(b booking.Booking) *fields {
	return &fields{fmt.Sprintf("%016x", b.Ticket), b.Day, hexed(b.Subject[:]), b.Cancelled, hexed(b.From[:]), hexed(b.To[:]), b.Train, b.Departs, b.Arrives, b.Coach, b.Seat}
}

// lookVector is a log and the answers of a gateway that has read it.
type lookVector struct {
	Name    string       `json:"name"`
	NowMS   int64        `json:"now_ms"`
	Records []logRecord  `json:"records"`
	Answers []lookAnswer `json:"answers"`
}

type logRecord struct {
	AtMS int64 `json:"at_ms"`
	Body hexed `json:"body"`
}

type lookAnswer struct {
	Day     uint16 `json:"day"`
	Subject hexed  `json:"subject"`
	Scope   string `json:"scope"`
	Station hexed  `json:"station"`
	Train   string `json:"inspected,omitempty"`
	At      int64  `json:"at"`
	Opens   int64  `json:"opens"`
	Held    string `json:"held"`
	Of      string `json:"train,omitempty"`
	Departs int64  `json:"departs,omitempty"`
	Coach   string `json:"coach,omitempty"`
	Seat    string `json:"seat,omitempty"`
}

// daysVector is a journey and the days of the pseudonyms under which it is published.
type daysVector struct {
	Departs int64  `json:"departs"` // Unix seconds
	Arrives int64  `json:"arrives"`
	Opens   int64  `json:"opens"` // seconds
	First   uint16 `json:"first"`
	Last    uint16 `json:"last"`
}

func wireVectors() (all []wireVector) {
	good := func(name string, b booking.Booking) {
		all = append(all, wireVector{name, hexed(b.Append(nil)), fieldsOf(b)})
	}
	bad := func(name, body string) { all = append(all, wireVector{Name: name, Body: hexed(body)}) }
	standing := ticket(1<<63 + 5)
	standing.Coach, standing.Seat = "加1", "无座"
	good("a seat", ticket(1))
	good("a standing ticket", standing)
	good("the longest", longest())
	good("a cancellation", cancel(ticket(1)))
	body, c := string(new(ticket(1)).Append(nil)), cancel(ticket(1))
	cancelled := string(c.Append(nil))
	bad("empty", "")
	bad("form 0", "\x00"+body[1:])
	bad("form 3", "\x03"+body[1:])
	bad("day 0", body[:1]+"\x00\x00"+body[3:])
	bad("no station of departure", body[:19]+string(make([]byte, 8))+body[27:])
	bad("no station of arrival", cancelled[:27]+string(make([]byte, 8)))
	bad("departs in 1970", body[:35]+"\x00\x00\x00\x00\x00\x00\x0e\x10"+body[43:])
	bad("arrives as it departs", body[:39]+body[35:39]+body[43:])
	bad("runs for 136 years", body[:35]+"\x00\x00\x00\x01\xff\xff\xff\xff"+body[43:])
	bad("a train of no characters", body[:43]+"\x00"+body[48:])
	bad("a train of 17 characters", body[:43]+"\x1112345678901234567"+body[48:])
	bad("a seat that ends in a space", body[:len(body)-1]+" ")
	bad("a seat that is not UTF-8", body[:len(body)-1]+"\xff")
	bad("a seat that is cut", body[:len(body)-1])
	bad("a byte too many", body+"x")
	bad("a cancellation with times", cancelled+body[len(cancelled):])
	bad("a cancellation that is cut", cancelled[:len(cancelled)-1])
	return all
}

// lookVectors have random logs; the answers are the model's.
func lookVectors() (all []lookVector) {
	for seed := range uint64(5) {
		rng := rand.New(rand.NewPCG(seed, 21))
		v, m := lookVector{Name: fmt.Sprint("log ", seed), NowMS: now}, model{}
		for _, r := range randomLog(rng, 25) {
			m.apply(r)
			v.Records = append(v.Records, logRecord{r.at, hexed(r.Append(nil))})
		}
		for range 20 {
			q := randomQuery(rng)
			a := m.look(q)
			v.Answers = append(v.Answers, lookAnswer{q.Day, hexed(q.Subject[:]), q.Scope.String(), hexed(q.Station[:]), q.Train, q.At, q.Opens,
				a.Held.String(), a.Train, a.Departs, a.Coach, a.Seat})
		}
		all = append(all, v)
	}
	return all
}

func daysVectors() (all []daysVector) {
	for _, departs := range []int64{0, 3*hour - 2, 3*hour - 1, 10 * hour, dayLong - 1} {
		for _, took := range []int64{hour, 20 * hour, dayLong - tokens.Ahead - departs, 3 * dayLong} {
			if took > 0 {
				v := daysVector{Departs: midnight + departs, Arrives: midnight + departs + took, Opens: 3 * hour}
				v.First, v.Last = booking.Days(v.Departs, v.Arrives, v.Opens)
				all = append(all, v)
			}
		}
	}
	return all
}

// readVectors reads a file of vectors after it has compared it with the vectors that this code would write.
func readVectors[T any](t *testing.T, name string, written []T) (all []T) {
	t.Helper()
	path := "testdata/" + name + ".json"
	var file bytes.Buffer
	e := json.NewEncoder(&file)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(written); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(path, file.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(raw, file.Bytes()) {
		t.Errorf("%s is not as this code would write it: run go test ./booking -update if the change is intended", path)
	}
	if err := json.Unmarshal(raw, &all); err != nil || len(all) < 5 {
		t.Fatalf("%s: %d vectors, %v", path, len(all), err)
	}
	return all
}

func TestWireVectors(t *testing.T) {
	for _, v := range readVectors(t, "wire", wireVectors()) {
		b, err := booking.Parse(string(v.Body))
		switch {
		case v.Fields == nil && err == nil:
			t.Errorf("%s: was parsed", v.Name)
		case v.Fields == nil:
		case err != nil || *fieldsOf(b) != *v.Fields:
			t.Errorf("%s: %+v, %v", v.Name, b, err)
		case string(b.Append(nil)) != string(v.Body):
			t.Errorf("%s: is spelled %x", v.Name, b.Append(nil))
		}
	}
}

func TestLookVectors(t *testing.T) {
	for _, v := range readVectors(t, "look", lookVectors()) {
		table := booking.NewTable(booking.Config{})
		for _, r := range v.Records {
			table.Apply(string(r.Body), r.AtMS, v.NowMS)
		}
		for _, a := range v.Answers {
			scope, ok := tokens.ParseScope([]byte(a.Scope))
			if !ok || len(a.Subject) != 8 || len(a.Station) != 8 {
				t.Fatalf("%s: %+v is not a query", v.Name, a)
			}
			q := booking.Query{Day: a.Day, Subject: tokens.Subject([]byte(a.Subject)), Scope: scope, Station: revocation.Station([]byte(a.Station)), Train: a.Train, At: a.At, Opens: a.Opens}
			got := look(table, q)
			if got.Held.String() != a.Held || got.Train != a.Of || got.Departs != a.Departs || got.Coach != a.Coach || got.Seat != a.Seat {
				t.Errorf("%s, %+v: got %+v", v.Name, a, got)
			}
		}
	}
}

func TestDaysVectors(t *testing.T) {
	for _, v := range readVectors(t, "days", daysVectors()) {
		if first, last := booking.Days(v.Departs, v.Arrives, v.Opens); first != v.First || last != v.Last {
			t.Errorf("%+v: days %d to %d", v, first, last)
		}
	}
}
