package guard_test

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/railgate/railgate/revocation/kafka/guard"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// answering listens and answers every request with the given bytes after the number of the request; number
// false: the bytes alone.
func answering(t *testing.T, number bool, answer []byte) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				head := make([]byte, 12)
				if _, err := io.ReadFull(c, head); err != nil {
					return
				}
				if _, err := io.CopyN(io.Discard, c, int64(binary.BigEndian.Uint32(head))-8); err != nil {
					return
				}
				if number {
					size := binary.BigEndian.AppendUint32(nil, uint32(4+len(answer)))
					c.Write(append(append(size, head[8:]...), answer...))
				} else {
					c.Write(answer)
				}
			}()
		}
	}()
	return l.Addr().String()
}

// The first answer on a connection, to the ApiVersions request, can already do harm to gateway and issuer.
func TestWrongFrameEndsTheDial(t *testing.T) {
	versions := []byte{0, 0}
	for _, c := range []struct {
		name   string
		number bool
		answer []byte
		harm   string // to kafka-go without the guard; empty: none
		want   string
	}{
		{"a negative size", false, []byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0}, crashes, "it has -1 bytes"},
		{"a size below 4", false, []byte{0, 0, 0, 3, 0, 0, 0, 1}, "", "it has 3 bytes"},
		{"a size above all bounds", false, []byte{0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1}, "", "it has 2147483647 bytes"},
		{"an answer to another question", false, []byte{0, 0, 0, 10, 0, 0, 0, 99, 0, 0, 0, 0, 0, 0}, "", "does not answer the last request"},
		{"a large count", true, append(versions, 0x00, 0x80, 0, 0), exhausts, "a length or count in it is wrong"},
		{"a count that is less than -1", true, append(versions, 0xff, 0, 0, 0), "", "a length or count in it is wrong"},
		{"more than belongs to it", true, append(versions, 0, 0, 0, 0, 1), "", "1 bytes too many"},
		{"TLS", false, []byte{0x15, 3, 3, 0, 2, 2, 70}, "", "the broker expects TLS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			address := answering(t, c.number, c.answer)
			if c.harm != "" {
				if bare := subprocess(t, address, false); c.harm == crashes && bare.Died == "" || c.harm == exhausts && bare.MiB < limitMiB {
					t.Errorf("kafka-go is not harmed, so this part of the guard is unnecessary: %+v", bare)
				}
			}
			got := subprocess(t, address, true)
			if !got.Damaged || !strings.Contains(got.Err, c.want) || got.MiB > limitMiB {
				t.Errorf("%+v", got)
			}
		})
	}
}

// A timestamp in the answer to a request for the first and last offset makes kafka-go write to a nil map, and so
// does an answer about another partition to a request for the offset at a time.
func TestOffsetWithATimestampIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		dated     bool // only requests for the offset at a time are answered wrongly
		topic     string
		partition int32
	}{
		"nothing was asked at a time": {false, "another", 7},
		"another topic":               {true, "another", 0},
		"another partition":           {true, topic, 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := misdating(t, c.dated, c.topic, c.partition)
			if bare := subprocess(t, address, false); bare.Died == "" {
				t.Errorf("kafka-go is not harmed, so this part of the guard is unnecessary: %+v", bare)
			}
			if got := subprocess(t, address, true); !got.Damaged {
				t.Errorf("%+v", got)
			}
		})
	}
	if got := subprocess(t, misdating(t, true, topic, 0), true); got.Err != "" {
		t.Errorf("the right answer to a request for the offset at a time: %+v", got)
	}
}

// misdating runs a broker that answers requests about offsets with a timestamp of the given partition; if dated,
// only those that ask for one.
func misdating(t *testing.T, dated bool, topic string, partition int32) (address string) {
	c := newBroker(t)
	c.ControlKey(int16(kmsg.ListOffsets), func(r kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		if asked := r.(*kmsg.ListOffsetsRequest).Topics[0].Partitions[0].Timestamp; dated && asked < 0 {
			return nil, nil, false
		}
		res := r.ResponseKind().(*kmsg.ListOffsetsResponse)
		p := kmsg.NewListOffsetsResponseTopicPartition()
		p.Partition, p.Timestamp = partition, 1
		rt := kmsg.NewListOffsetsResponseTopic()
		rt.Topic = topic
		rt.Partitions = append(rt.Partitions, p)
		res.Topics = append(res.Topics, rt)
		return res, nil, true
	})
	return c.ListenAddrs()[0]
}

// One request is in progress at a time, and only requests that the guard knows; an error that ended a
// connection is returned again.
func TestOnlyOneRequestAtATime(t *testing.T) {
	versions := []byte{0, 0, 0, 8, 0, 18, 0, 0, 0, 0, 0, 1}
	fetch12 := []byte{0, 0, 0, 8, 0, 1, 0, 12, 0, 0, 0, 1}
	oldLogin := []byte{0, 0, 0, 8, 0, 17, 0, 0, 0, 0, 0, 1}
	answer := withSize(make([]byte, 6))
	into := make([]byte, 100)
	for name, steps := range map[string][]any{
		"a second request":                       {versions, versions},
		"a second one in one write":              {append(versions, versions...)},
		"an answer read half":                    {versions, 5, versions},
		"an answer without a request":            {4},
		"one answer too many":                    {versions, len(answer), 4},
		"half a head":                            {versions[:6]},
		"fetch 12, which names topics by number": {fetch12},
		"a login without frames":                 {oldLogin},
	} {
		conn := guard.Wrap(&wire{frame: answer}, new(atomic.Uint64))
		for i, step := range steps {
			var n int
			var err error
			switch s := step.(type) {
			case []byte:
				n, err = conn.Write(s)
			case int:
				n, err = io.ReadFull(conn, into[:s])
			}
			if last := i == len(steps)-1; (err != nil) != last {
				t.Errorf("%s: step %d: %d, %v", name, i, n, err)
			}
		}
		if _, err := conn.Write(versions); err == nil {
			t.Errorf("%s: the connection continues", name)
		}
	}
	// A connection that ends inside an answer is not damage.
	for n := range answer {
		conn := guard.Wrap(&wire{frame: answer[:n]}, new(atomic.Uint64))
		if _, err := conn.Write(versions); err != nil {
			t.Fatal(err)
		}
		want := io.ErrUnexpectedEOF
		if n == 0 {
			want = io.EOF
		}
		if _, err := conn.Read(into); !errors.Is(err, want) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}
