package kafka

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// dialTimeout bounds one dial by kafka-go: connecting, greeting, and every bootstrap broker that has to
	// be tried.
	dialTimeout = 3 * time.Second
	// headStart is the time after which the next bootstrap broker is tried in parallel. A nearby broker has
	// greeted by then, so a healthy cluster receives one connection.
	headStart = 150 * time.Millisecond
)

// anyBroker is the address of the connections over which kafka-go requests metadata. kafka-go would try the
// bootstrap list one by one, with one timeout for all. With an address that is no broker's, the dialer can
// distinguish these connections from those to a certain broker, and try the list in parallel.
type anyBroker struct{}

func (anyBroker) Network() string { return "tcp" }
func (anyBroker) String() string  { return "any broker" }

// dialer returns connections to kafka-go on which a broker has just answered. A stopped broker, whose kernel
// still accepts connections, is therefore detected early. kafka-go is not affected by the first answered
// request: it numbers requests by connection object, and brokers only repeat the number.
type dialer struct {
	ctx      context.Context // ends with the link
	brokers  []string
	clientID string
	creds    credentials

	dropped atomic.Uint64 // record batches dropped by the guards of its connections

	mu   sync.Mutex
	open map[*boundedConn]struct{}
}

func newDialer(ctx context.Context, brokers []string, clientID string, creds credentials) *dialer {
	return &dialer{ctx: ctx, brokers: append([]string(nil), brokers...), clientID: clientID, creds: creds,
		open: make(map[*boundedConn]struct{})}
}

// dial is kafka.Transport's Dial.
func (d *dialer) dial(ctx context.Context, _, address string) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(d.ctx, cancel)()
	if address == (anyBroker{}).String() {
		return d.dialAny(ctx)
	}
	return d.dialOne(ctx, address)
}

// dialAny tries the bootstrap brokers in random order, which spreads the load. Each is tried headStart after
// the previous one or as soon as that fails. The first connection that greets is used.
func (d *dialer) dialAny(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the slower dials
	greeted, failed := make(chan net.Conn), make(chan error)
	try := func(address string) {
		c, err := d.dialOne(ctx, address)
		if err != nil {
			select {
			case failed <- err:
			case <-ctx.Done():
			}
			return
		}
		select {
		case greeted <- c:
		case <-ctx.Done():
			c.Close()
		}
	}
	order := rand.Perm(len(d.brokers))
	next := time.NewTimer(0)
	defer next.Stop()
	var faults error
	for waiting := 0; ; {
		select {
		case <-next.C:
			if len(order) > 0 {
				go try(d.brokers[order[0]])
				order, waiting = order[1:], waiting+1
				next.Reset(headStart)
			}
		case c := <-greeted:
			return c, nil
		case err := <-failed:
			if faults == nil {
				faults = err
			} else {
				faults = fmt.Errorf("%w; %w", faults, err)
			}
			if waiting--; waiting == 0 && len(order) == 0 {
				return nil, faults
			}
			next.Reset(0)
		case <-ctx.Done():
			if faults == nil {
				faults = ctx.Err()
			}
			return nil, faults
		}
	}
}

// remember stores a connection for close, and fails after close.
func (d *dialer) remember(c *boundedConn) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctx.Err() != nil {
		return ErrClosed
	}
	d.open[c] = struct{}{}
	return nil
}

func (d *dialer) forget(c *boundedConn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.open, c)
}

// close closes all connections. The link's context has ended before, so no further connection is stored.
func (d *dialer) close() {
	d.mu.Lock()
	open := d.open
	d.open = make(map[*boundedConn]struct{})
	d.mu.Unlock()
	for c := range open {
		c.Close()
	}
}
