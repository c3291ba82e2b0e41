package matchers

type (
	writable   interface{ Writable() (bool, error) }
	writableBy interface {
		WritableBy(class string) (bool, error)
	}
	writableByUser interface {
		WritableByUser(name string) (bool, error)
	}
)

// BeWritable succeeds when the mode of the file lets anybody do so: one of the three
// bits is set. By and ByUser ask for somebody.
//
//	File("/var/lib/app").Should(BeWritable())
//	File("/var/lib/app").Should(BeWritable().By("owner"))
//	File("/var/lib/app").Should(BeWritable().ByUser("app"))
//
// The subject needs the method
//
//	Writable() (bool, error)
func BeWritable() *access {
	return &access{
		matcher:   matcher{constructor: "BeWritable", wanted: "be writable"},
		adjective: "writable",
		anybody:   question("Writable", writable.Writable),
		byClass:   questionOf("WritableBy", "class", writableBy.WritableBy),
		byUser:    questionOf("WritableByUser", "name", writableByUser.WritableByUser),
	}
}
