package muc

var nameFacet, descriptionFacet, languageFacet, banFacet, nickFacet, membersFacet, maxUsersFacet, publicFacet, persistentFacet, moderatedFacet, inviteFacet, passwordFacet facet
