// Package fakekafka runs a Kafka-compatible broker inside the process, for the demo and for tests.
// It stores everything in memory and does not replace a real cluster: an import test keeps it out
// of gateway and issuer.
package fakekafka

import (
	"github.com/twmb/franz-go/pkg/kfake"
)

// Broker is a running broker on a free loopback port.
type Broker struct {
	Cluster   *kfake.Cluster
	addresses []string
}

// Start starts a broker. It does not create topics automatically: the issuer creates its topic as
// on a real cluster.
func Start() (*Broker, error) {
	c, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		return nil, err
	}
	return &Broker{Cluster: c, addresses: c.ListenAddrs()}, nil
}

// Addresses returns the bootstrap list. It works after Close too.
func (b *Broker) Addresses() []string { return b.addresses }

// Close stops the broker and discards its data.
func (b *Broker) Close() { b.Cluster.Close() }
