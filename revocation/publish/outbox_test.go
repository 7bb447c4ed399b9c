package publish_test

import (
	"testing"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/publish"
	"github.com/railgate/railgate/tokens"
)

// Records of one serial share a partition. Records whose order with others matters are in partition 0.
func TestPartitionOfEachKind(t *testing.T) {
	for kind := revocation.KindRevoke; kind <= revocation.KindEndAmnesty; kind++ {
		r := revocation.Record{Kind: kind, Serial: tokens.Serial{Day: 3, Index: 42}, Key: 7, Gateway: 7, Subject: tokens.Subject{7}, Station: revocation.Station{7}}
		want := 0
		switch kind {
		case revocation.KindRevoke, revocation.KindUnrevoke, revocation.KindRevokeSession, revocation.KindForgive:
			want = 2
		}
		if got := publish.Partition(&r, 5); got != want {
			t.Errorf("kind %s is in partition %d of 5, want %d", kind, got, want)
		}
	}
}
