package kafka_test

import (
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/railgate/railgate/revocation/kafka"
)

// kafka-go receives connections on which a broker has already answered. It sends ApiVersions again, and
// matches the following answers to its own requests.
func TestKafkaUsesAGreetedConnection(t *testing.T) {
	c := newCluster(t, kfake.NumBrokers(1))
	var greetings atomic.Int32
	c.ControlKey(int16(kmsg.ApiVersions), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		greetings.Add(1)
		return nil, nil, false
	})
	link := open(t, c.config(0))
	for range 3 {
		if err := fetch(t.Context(), link); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := greetings.Load(), 2*c.nodes[0].accepted.Load(); got != want || got < 4 {
		t.Errorf("%d connections were greeted %d times, want twice each", want/2, got)
	}
}

// A broker may stop answering at any step of the greeting; each costs one short timeout.
func TestSilenceDuringTheGreetingTimesOut(t *testing.T) {
	const bound = 1500 * time.Millisecond
	ca := newAuthority(t, "house")
	password := write(t, "password", "x")
	login := kafka.Security{SASL: "scram-sha-256", User: "gateway", PasswordFile: password}
	mute := func(t *testing.T) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l.Addr().String()
	}
	frozenAt := func(key kmsg.Key) func(*testing.T) string {
		return func(t *testing.T) string {
			c := newCluster(t, kfake.NumBrokers(1), kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-256", "gateway", "x"))
			c.ControlKey(int16(key), func(kmsg.Request) (kmsg.Response, error, bool) {
				c.nodes[0].freeze()
				return nil, nil, false
			})
			return c.ListenAddrs()[0]
		}
	}
	for name, c := range map[string]struct {
		address func(*testing.T) string
		s       kafka.Security
	}{
		"TLS":              {mute, kafka.Security{TLS: true, CAFile: ca.file}},
		"versions":         {mute, kafka.Security{}},
		"SASL's handshake": {frozenAt(kmsg.SASLHandshake), login},
		"SASL's proof":     {frozenAt(kmsg.SASLAuthenticate), login},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := kafka.Config{Brokers: []string{c.address(t)}, Topic: topic, Security: c.s}
			link := open(t, config)
			start := time.Now()
			err := fetchBound(t.Context(), link)
			var timeout interface{ Timeout() bool }
			if !errors.As(err, &timeout) || !timeout.Timeout() || errors.Is(err, kafka.ErrRefused) {
				t.Errorf("not a timeout: %v", err)
			}
			if took := time.Since(start); took > bound {
				t.Errorf("it took %v", took)
			}
		})
	}
}
