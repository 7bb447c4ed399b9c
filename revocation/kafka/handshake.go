package kafka

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/apiversions"

	"github.com/railgate/railgate/revocation/kafka/guard"
)

// greetTimeout bounds connecting, and then every single answer until a broker has greeted. A broker that
// needs longer cannot answer metadata requests within metadataTTL either. A restarted broker to which all
// clients reconnect may be slower for a moment; backoff of the callers and resumed TLS sessions keep that
// short.
const greetTimeout = 700 * time.Millisecond

// dialOne connects to one broker and waits until it has greeted.
func (d *dialer) dialOne(ctx context.Context, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	tcp, err := (&net.Dialer{Timeout: greetTimeout}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err // contains the address
	}
	raw := &boundedConn{Conn: tcp, bound: greetTimeout, forget: d.forget}
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	var c net.Conn
	if err = d.remember(raw); err == nil {
		c, err = d.greet(ctx, raw, host)
	}
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		raw.Close()
		return nil, fmt.Errorf("broker %s: %w", address, err)
	}
	raw.setBound(ioTimeout)
	return c, nil
}

// greet performs the steps before the first request: TLS, the ApiVersions request, and SASL. kafka-go
// requests the versions again, because it does not share them.
func (d *dialer) greet(ctx context.Context, c net.Conn, host string) (net.Conn, error) {
	if settings := d.creds.tls; settings != nil {
		if settings.ServerName == "" {
			settings = settings.Clone()
			settings.ServerName = host
		}
		secured := tls.Client(c, settings)
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, fmt.Errorf("TLS: %w", err)
		}
		c = secured
	}
	c = guard.Wrap(c, &d.dropped)
	pc := protocol.NewConn(c, d.clientID)
	r, err := pc.RoundTrip(new(apiversions.Request))
	if err != nil {
		return nil, fmt.Errorf("the broker does not answer ApiVersions: %w", err)
	}
	greeting := r.(*apiversions.Response)
	if greeting.ErrorCode != 0 {
		return nil, fmt.Errorf("the broker does not answer ApiVersions: %w", kafka.Error(greeting.ErrorCode))
	}
	if d.creds.sasl == nil {
		return c, nil
	}
	versions := make(map[protocol.ApiKey]int16)
	for _, k := range greeting.ApiKeys {
		key := protocol.ApiKey(k.ApiKey)
		versions[key] = key.SelectVersion(k.MinVersion, k.MaxVersion)
	}
	pc.SetVersions(versions)
	return c, authenticate(ctx, pc, d.creds.sasl)
}
