"""Check what files say about their images: classes, groups, test set."""
