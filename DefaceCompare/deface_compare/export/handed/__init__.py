"""Headers handed to a site's own program: it runs, what it gave back is paired with what it got, and takes its place."""
