int crooked( int x ){return x;}
