//go:build !amd64 || purego

package inverse

// hasAssembly is false: there is no assembly for this platform.
const hasAssembly = false

// euclidAssembly replaces the assembly and is never called.
func euclidAssembly(v, x *[4]uint64, limit int) (batches int, sign uint64) {
	return euclid(v, x, limit)
}
