package guard_test

import (
	"bytes"
	"io"
	"reflect"
	"sync/atomic"
	"testing"

	"github.com/railgate/railgate/revocation/kafka/guard"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// full returns an answer in which every list has entries and no field is null, after its correlation number,
// encoded by another client's code.
func full(key protocol.ApiKey, version int16) []byte {
	res := kmsg.ResponseForKey(int16(key))
	fill(reflect.ValueOf(res).Elem(), "")
	res.SetVersion(version)
	var body []byte
	if res.IsFlexible() {
		body = append(body, 0) // no tags in the header
	}
	return res.AppendTo(body)
}

func fill(v reflect.Value, name string) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && v.Type().Field(i).Type != reflect.TypeFor[kmsg.Tags]() {
				fill(v.Field(i), v.Type().Field(i).Name)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), "")
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), "")
	case reflect.String:
		v.SetString("text")
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if v.SetInt(1); name == "Timestamp" {
			v.SetInt(-1)
		}
	}
}

// Each answer that this client can request passes unchanged, in each version, and no truncated one passes.
func TestEveryAnswerPassesUnchanged(t *testing.T) {
	known := 0
	for key := range protocol.ApiKey(40) {
		for v := key.MinVersion(); v <= key.MaxVersion(); v++ {
			request := []byte{0, 0, 0, 8, 0, byte(key), 0, byte(v), 0, 0, 0, 1}
			pass := func(frame []byte) error {
				conn := guard.Wrap(&wire{frame: frame}, new(atomic.Uint64))
				if _, err := conn.Write(request); err != nil {
					return err
				}
				got := make([]byte, len(frame))
				_, err := io.ReadFull(conn, got)
				if err == nil && !bytes.Equal(got, frame) {
					t.Errorf("%s %d: the answer was changed", key, v)
				}
				return err
			}
			conn := guard.Wrap(&wire{}, new(atomic.Uint64))
			if _, err := conn.Write(request); err != nil || key == protocol.Fetch {
				continue // never requested; fetch has tests of its own
			}
			known++
			body := full(key, v)
			if err := pass(withSize(body)); err != nil {
				t.Errorf("%s %d: %v", key, v, err)
			}
			for n := range body {
				if pass(withSize(body[:n])) == nil {
					t.Errorf("%s %d: passes with %d of %d bytes", key, v, n, len(body))
				}
			}
		}
	}
	if known < 39 {
		t.Errorf("only %d answers are known", known)
	}
}
