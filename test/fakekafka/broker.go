// Package fakekafka is a Kafka-compatible broker inside the process, for the
// demo and for tests. It keeps everything in memory and is no substitute for
// a real cluster: an import test keeps it out of gateway and issuer.
package fakekafka

import (
	"github.com/twmb/franz-go/pkg/kfake"
)

// Broker is a running broker on a loopback port of its own choice.
type Broker struct {
	Cluster   *kfake.Cluster
	addresses []string
}

// Start runs a broker. Topics are not made by themselves: the issuer makes
// its topic as it would on a real cluster.
func Start() (*Broker, error) {
	c, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		return nil, err
	}
	return &Broker{Cluster: c, addresses: c.ListenAddrs()}, nil
}

// Addresses is the bootstrap list, also after Close.
func (b *Broker) Addresses() []string { return b.addresses }

// Close stops the broker and forgets all.
func (b *Broker) Close() { b.Cluster.Close() }
