//go:build !amd64 || purego

package inverse

// hasAssembly says whether the assembly form runs on this machine.
const hasAssembly = false

// euclidAssembly stands in for the assembly form, and is not called.
func euclidAssembly(v, x *[4]uint64, limit int) (batches int, sign uint64) {
	return euclid(v, x, limit)
}
